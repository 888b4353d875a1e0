// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// strategy decides what the main resource may change: everything but the status.
type strategy struct {
	registry.Strategy
	equality registry.Equality
}

var _ rest.RESTGracefulDeleteStrategy = strategy{}

// GetResetFields names the status, which the main resource ignores.
func (strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.ResetFields(v1alpha1.SchemeGroupVersion, fieldpath.MakePathOrDie("status"))
}

// PrepareForCreate drops the status and begins at generation 1.
func (strategy) PrepareForCreate(ctx context.Context, object runtime.Object) {
	set := registry.As[*v1alpha1.ApplicationSet](object)
	set.Status = v1alpha1.ApplicationSetStatus{Editors: registry.Writer(ctx, nil, nil)}
	set.Generation = 1
}

// PrepareForUpdate keeps the status and moves the generation with the spec.
func (s strategy) PrepareForUpdate(ctx context.Context, updated, current runtime.Object) {
	set, old := registry.As[*v1alpha1.ApplicationSet](updated), registry.As[*v1alpha1.ApplicationSet](current)
	set.Status = old.Status
	set.Generation = old.Generation
	if !registry.KeepSpec(s.equality, &set.Spec, &old.Spec) {
		set.Generation = old.Generation + 1
		set.Status.Editors = registry.Edited(old.Status.Editors, registry.Writer(ctx, nil, nil))
	}
}

// CheckGracefulDelete notes who deletes an ApplicationSet, as its Applications go with it. Nothing is graceful about
// it.
func (strategy) CheckGracefulDelete(ctx context.Context, object runtime.Object, _ *metav1.DeleteOptions) bool {
	if set := registry.As[*v1alpha1.ApplicationSet](object); set != nil && set.DeletionTimestamp == nil {
		set.Status.Editors = registry.Deleted(ctx, set.Status.Editors)
	}
	return false
}

// Validate requires a name; what a generator or a template gets wrong becomes a condition.
func (strategy) Validate(_ context.Context, object runtime.Object) field.ErrorList {
	return registry.ValidateName(registry.As[*v1alpha1.ApplicationSet](object))
}

// ValidateUpdate requires nothing more.
func (strategy) ValidateUpdate(context.Context, runtime.Object, runtime.Object) field.ErrorList {
	return nil
}

// statusStrategy decides what /status may change: the status.
type statusStrategy struct{ strategy }

// GetResetFields names what the status surface ignores.
func (statusStrategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.StatusResetFields(v1alpha1.SchemeGroupVersion)
}

// PrepareForUpdate keeps the rest.
func (statusStrategy) PrepareForUpdate(_ context.Context, updated, current runtime.Object) {
	set, old := registry.As[*v1alpha1.ApplicationSet](updated), registry.As[*v1alpha1.ApplicationSet](current)
	registry.KeepMetadata(set, old)
	set.Generation, set.Spec = old.Generation, old.Spec
	set.Status.Editors = old.Status.Editors
}
