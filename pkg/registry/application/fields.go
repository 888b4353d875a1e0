// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"fmt"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// attributes returns what Applications can be selected by; package install lists the same
// field names.
func attributes(object runtime.Object) (labels.Set, fields.Set, error) {
	app, isApplication := object.(*v1alpha1.Application)
	if !isApplication {
		return nil, nil, fmt.Errorf("expected an Application, got %T", object)
	}
	own := fields.Set{
		"spec.project":            app.Spec.Project,
		"spec.destination.name":   app.Spec.Destination.Name,
		"spec.destination.server": app.Spec.Destination.Server,
		"status.sync.status":      string(app.Status.Sync.Status),
		"status.health.status":    string(app.Status.Health.Status),
	}
	return app.Labels, generic.MergeFieldsSets(own, generic.ObjectMetaFieldsSet(&app.ObjectMeta, true)), nil
}
