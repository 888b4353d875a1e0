// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// strategy decides what a write of the main resource changes: everything, the status included. The peer's kind has no
// status subresource: its clients write the status here (as Argo Rollouts 1.9: manifests/crds/experiment-crd.yaml).
type strategy struct {
	registry.Strategy
	equality     registry.Equality
	requirements registry.Requirements
	awaited      registry.Awaited
}

// newStrategy returns the strategy of the main resource.
func newStrategy(scheme *runtime.Scheme) strategy {
	return strategy{
		registry.NewStrategy(scheme), registry.NewEquality(), registry.NewRequirements(), awaited(),
	}
}

// PrepareForCreate starts an Experiment at generation 1.
func (strategy) PrepareForCreate(_ context.Context, obj runtime.Object) {
	registry.As[*v1alpha1.Experiment](obj).Generation = 1
}

// PrepareForUpdate moves the generation if the specification changes.
func (s strategy) PrepareForUpdate(ctx context.Context, obj, old runtime.Object) {
	updated, current := registry.As[*v1alpha1.Experiment](obj), registry.As[*v1alpha1.Experiment](old)
	s.keepFound(ctx, updated, current)
	if !registry.KeepSpec(s.equality, &updated.Spec, &current.Spec) {
		updated.Generation = current.Generation + 1
	}
}

// keepFound keeps what an Experiment found that a Rollout goes on by.
func (s strategy) keepFound(ctx context.Context, updated, current *v1alpha1.Experiment) {
	if s.awaited.Keeps(ctx, updated, current) {
		updated.Status = current.Status
	}
}

// Validate requires what the schema of the peer's CustomResourceDefinition requires.
func (s strategy) Validate(ctx context.Context, obj runtime.Object) field.ErrorList {
	created := registry.As[*v1alpha1.Experiment](obj)
	problems := append(registry.ValidateName(created), registry.ValidateCluster(created)...)
	problems = append(problems, s.requirements.Missing(&created.Spec, field.NewPath("spec"))...)
	return append(problems, s.awaited.Forbid(ctx, created, &v1alpha1.Experiment{}, true)...)
}

// ValidateUpdate requires the same of a specification that changes, which the generation tells.
func (s strategy) ValidateUpdate(ctx context.Context, obj, old runtime.Object) field.ErrorList {
	updated, current := registry.As[*v1alpha1.Experiment](obj), registry.As[*v1alpha1.Experiment](old)
	spec := *updated.Spec.DeepCopy()
	spec.Terminate = current.Spec.Terminate
	problems := append(s.awaited.Forbid(ctx, updated, current, s.equality.Same(spec, current.Spec)),
		registry.SameCluster(updated, current)...)
	if updated.Generation == current.Generation {
		return problems
	}
	return append(problems, s.requirements.Missing(&updated.Spec, field.NewPath("spec"))...)
}
