// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package syncrun

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/generic"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// strategy keeps SyncRuns what they are: records that the server writes, once.
type strategy struct{ registry.Strategy }

// AllowUnconditionalUpdate is false: there is nothing to replace.
func (strategy) AllowUnconditionalUpdate(context.Context) bool { return false }

// PrepareForCreate keeps the status: a record is written whole.
func (strategy) PrepareForCreate(_ context.Context, object runtime.Object) {
	registry.As[*v1alpha1.SyncRun](object).Generation = 1
}

// PrepareForUpdate changes nothing.
func (strategy) PrepareForUpdate(context.Context, runtime.Object, runtime.Object) {}

// Validate lets nobody but the server itself write a record, whatever their rights.
func (strategy) Validate(ctx context.Context, object runtime.Object) field.ErrorList {
	problems := registry.ValidateName(registry.As[*v1alpha1.SyncRun](object))
	return append(problems, registry.OnlyOwn(ctx, "to sync, create applications/sync")...)
}

// ValidateUpdate refuses to change what happened.
func (strategy) ValidateUpdate(_ context.Context, updated, current runtime.Object) field.ErrorList {
	run, old := registry.As[*v1alpha1.SyncRun](updated), registry.As[*v1alpha1.SyncRun](current)
	var problems field.ErrorList
	if !equality.Semantic.DeepEqual(run.Spec, old.Spec) {
		problems = append(problems, field.Forbidden(field.NewPath("spec"), "a SyncRun is a record and never changes"))
	}
	if !equality.Semantic.DeepEqual(run.Status, old.Status) {
		problems = append(problems, field.Forbidden(field.NewPath("status"), "a SyncRun is a record and never changes"))
	}
	return problems
}

// attributes returns what SyncRuns can be selected by.
func attributes(object runtime.Object) (labels.Set, fields.Set, error) {
	run, isRun := object.(*v1alpha1.SyncRun)
	if !isRun {
		return nil, nil, fmt.Errorf("expected a SyncRun, got %T", object)
	}
	own := fields.Set{"spec.application.name": run.Spec.Application.Name}
	return run.Labels, generic.MergeFieldsSets(own, generic.ObjectMetaFieldsSet(&run.ObjectMeta, true)), nil
}
