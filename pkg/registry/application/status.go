// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// maxInline is how many resources stay in the Application's own status: so short a list
// costs less there than a write of its own beside it.
const maxInline = 20

// maxFilled is how many resources a read fills into status.resources; more are at
// applications/resources.
const maxFilled = 500

// StatusREST serves applications/status. A status.resources that is not short is taken out of
// what is written and kept as the object record, each of the two only where it changed.
type StatusREST struct {
	*registry.StatusREST
	records *records
}

var _ rest.Patcher = &StatusREST{}

// Update writes record and status. A write without status.resources leaves the record.
func (r *StatusREST) Update(
	ctx context.Context, name string, info rest.UpdatedObjectInfo, create rest.ValidateObjectFunc,
	update rest.ValidateObjectUpdateFunc, force bool, options *metav1.UpdateOptions,
) (runtime.Object, bool, error) {
	split := rest.WrapUpdatedObjectInfo(info,
		func(ctx context.Context, updated, current runtime.Object) (runtime.Object, error) {
			app, old := registry.As[*v1alpha1.Application](updated), registry.As[*v1alpha1.Application](current)
			if stale(app, old) {
				// The write fails, and the record is to stay as it is.
				return app, nil
			}
			switch count := len(app.Status.Resources); {
			case old == nil || 0 < count && count <= maxInline:
				return app, nil
			case app.Status.Resources == nil:
				app.Status.Resources = old.Status.Resources
				return app, nil
			}
			err := r.records.put(ctx, old, app.Status.Resources, options.DryRun)
			app.Status.Resources = nil
			return app, err
		})
	return r.StatusREST.Update(ctx, name, split, create, update, force, options)
}

// stale reports a write of an older version than the store has.
func stale(app, old *v1alpha1.Application) bool {
	return old != nil && app.ResourceVersion != "" && app.ResourceVersion != old.ResourceVersion
}

// fill puts the record into status.resources of what a store is about to return.
func (r *records) fill(object runtime.Object) {
	ctx := context.Background()
	switch typed := object.(type) {
	case *v1alpha1.Application:
		r.fillOne(ctx, typed)
	case *v1alpha1.ApplicationList:
		for i := range typed.Items {
			r.fillOne(ctx, &typed.Items[i])
		}
	}
}

func (r *records) fillOne(ctx context.Context, app *v1alpha1.Application) {
	if app.Name == "" {
		return // a bookmark of a watch, which is no Application
	}
	items, err := r.get(ctx, app)
	if err != nil {
		klog.FromContext(ctx).Error(err, "An Application is served without its resources")
		return
	}
	if len(items) <= maxFilled {
		app.Status.Resources = items
	}
}
