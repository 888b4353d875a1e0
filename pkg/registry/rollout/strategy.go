// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// strategy decides what a write of the main resource changes: everything but the status.
type strategy struct {
	registry.Strategy
	equality     registry.Equality
	requirements registry.Requirements
}

// newStrategy returns the strategy of the main resource.
func newStrategy(scheme *runtime.Scheme) strategy {
	return strategy{registry.NewStrategy(scheme), registry.NewEquality(), registry.NewRequirements()}
}

// GetResetFields returns the status, which the main resource ignores.
func (strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.ResetFields(v1alpha1.SchemeGroupVersion, fieldpath.MakePathOrDie("status"))
}

// PrepareForCreate starts a Rollout without a status, at generation 1.
func (strategy) PrepareForCreate(_ context.Context, obj runtime.Object) {
	created := registry.As[*v1alpha1.Rollout](obj)
	created.Status = v1alpha1.RolloutStatus{}
	created.Generation = 1
	setUndone(created, "")
}

// PrepareForUpdate keeps the status, and moves the generation if the specification changes.
func (s strategy) PrepareForUpdate(ctx context.Context, obj, old runtime.Object) {
	updated, current := registry.As[*v1alpha1.Rollout](obj), registry.As[*v1alpha1.Rollout](old)
	updated.Status = current.Status
	s.keepUndone(ctx, updated, current)
	if !registry.KeepSpec(s.equality, &updated.Spec, &current.Spec) {
		updated.Generation = current.Generation + 1
	}
}

// Validate requires what the schema of the peer's CustomResourceDefinition requires.
func (s strategy) Validate(_ context.Context, obj runtime.Object) field.ErrorList {
	created := registry.As[*v1alpha1.Rollout](obj)
	problems := append(registry.ValidateName(created), registry.ValidateCluster(created)...)
	return append(problems, s.requirements.Missing(&created.Spec, field.NewPath("spec"))...)
}

// ValidateUpdate requires the same of a specification that changes, which the generation tells, and a selector and a
// held workload that stay.
func (s strategy) ValidateUpdate(_ context.Context, obj, old runtime.Object) field.ErrorList {
	updated, current := registry.As[*v1alpha1.Rollout](obj), registry.As[*v1alpha1.Rollout](old)
	if problems := registry.SameCluster(updated, current); len(problems) > 0 {
		return problems
	}
	if updated.Generation == current.Generation {
		return nil
	}
	problems := append(s.requirements.Missing(&updated.Spec, field.NewPath("spec")), sameHeld(updated, current)...)
	before, after := current.Spec.Selector, updated.Spec.Selector
	if before != nil && after != nil && !apiequality.Semantic.DeepEqual(before, after) {
		problems = append(problems,
			field.Invalid(field.NewPath("spec", "selector"), after, ".spec.selector is immutable"))
	}
	return problems
}
