// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"

	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/promotion"
)

// Guard judges writes beyond what RBAC says of them.
type Guard interface {
	// Judge fails where a client may not write an object so. Before is nil where it is created, after where it is
	// deleted.
	Judge(ctx context.Context, before, after runtime.Object) error
}

// GuardedREST is the main resource of a kind whose writes are judged, each on the object that it replaces. Guards stand
// here because admission can be switched off.
type GuardedREST struct {
	*REST
	guards []Guard
}

var _ rest.StandardStorage = &GuardedREST{}

// NewGuardedREST guards a main resource.
func NewGuardedREST(guarded *REST, guards ...Guard) *GuardedREST {
	return &GuardedREST{guarded, guards}
}

// Create creates an object that the guards let through.
func (r *GuardedREST) Create(
	ctx context.Context, object runtime.Object, validate rest.ValidateObjectFunc, options *metav1.CreateOptions,
) (runtime.Object, error) {
	return r.REST.Create(ctx, object, r.creating(validate), options)
}

// Update changes an object as far as the guards let it.
func (r *GuardedREST) Update(
	ctx context.Context, name string, info rest.UpdatedObjectInfo, create rest.ValidateObjectFunc,
	update rest.ValidateObjectUpdateFunc, force bool, options *metav1.UpdateOptions,
) (runtime.Object, bool, error) {
	judged := func(ctx context.Context, after, before runtime.Object) error {
		if err := update(ctx, after, before); err != nil {
			return err
		}
		return r.judge(ctx, before, after)
	}
	return r.REST.Update(ctx, name, info, r.creating(create), judged, force, options)
}

// Delete deletes an object if the guards let it.
func (r *GuardedREST) Delete(
	ctx context.Context, name string, validate rest.ValidateObjectFunc, options *metav1.DeleteOptions,
) (runtime.Object, bool, error) {
	return r.REST.Delete(rehearsed(ctx, options), name, r.deleting(validate), options)
}

// DeleteCollection deletes objects, each as if alone.
func (r *GuardedREST) DeleteCollection(
	ctx context.Context, validate rest.ValidateObjectFunc, options *metav1.DeleteOptions,
	which *metainternalversion.ListOptions,
) (runtime.Object, error) {
	return r.REST.DeleteCollection(rehearsed(ctx, options), r.deleting(validate), options, which)
}

// rehearsed marks a deletion that is a dry run.
func rehearsed(ctx context.Context, options *metav1.DeleteOptions) context.Context {
	if options == nil || len(options.DryRun) == 0 {
		return ctx
	}
	return promotion.Rehearsed(ctx)
}

func (r *GuardedREST) creating(validate rest.ValidateObjectFunc) rest.ValidateObjectFunc {
	return func(ctx context.Context, object runtime.Object) error {
		if err := validate(ctx, object); err != nil {
			return err
		}
		return r.judge(ctx, nil, object)
	}
}

func (r *GuardedREST) deleting(validate rest.ValidateObjectFunc) rest.ValidateObjectFunc {
	return func(ctx context.Context, object runtime.Object) error {
		if err := validate(ctx, object); err != nil {
			return err
		}
		return r.judge(ctx, object, nil)
	}
}

func (r *GuardedREST) judge(ctx context.Context, before, after runtime.Object) error {
	for _, guard := range r.guards {
		if err := guard.Judge(ctx, before, after); err != nil {
			return err
		}
	}
	return nil
}
