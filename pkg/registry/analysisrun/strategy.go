// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/analysistemplate"
)

// strategy decides what a write of the main resource changes: everything, the status included. The peer's kind has no
// status subresource: its clients write the status here (as Argo Rollouts 1.9: manifests/crds/analysis-run-crd.yaml).
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

// PrepareForCreate starts a run at generation 1.
func (strategy) PrepareForCreate(_ context.Context, obj runtime.Object) {
	registry.As[*v1alpha1.AnalysisRun](obj).Generation = 1
}

// PrepareForUpdate moves the generation if the specification changes.
func (s strategy) PrepareForUpdate(ctx context.Context, obj, old runtime.Object) {
	updated, current := registry.As[*v1alpha1.AnalysisRun](obj), registry.As[*v1alpha1.AnalysisRun](old)
	s.keepFound(ctx, updated, current)
	if !registry.KeepSpec(s.equality, &updated.Spec, &current.Spec) {
		updated.Generation = current.Generation + 1
	}
}

// keepFound keeps what a run found that somebody goes on by.
func (s strategy) keepFound(ctx context.Context, updated, current *v1alpha1.AnalysisRun) {
	if s.awaited.Keeps(ctx, updated, current) {
		updated.Status = current.Status
	}
}

// Validate requires what the schema of the peer's CustomResourceDefinition requires.
func (s strategy) Validate(ctx context.Context, obj runtime.Object) field.ErrorList {
	created := registry.As[*v1alpha1.AnalysisRun](obj)
	problems := append(registry.ValidateName(created), registry.ValidateCluster(created)...)
	problems = append(problems, s.validateSpec(&created.Spec)...)
	return append(problems, s.awaited.Forbid(ctx, created, &v1alpha1.AnalysisRun{}, true)...)
}

// ValidateUpdate requires the same of a specification that changes, which the generation tells.
func (s strategy) ValidateUpdate(ctx context.Context, obj, old runtime.Object) field.ErrorList {
	updated, current := registry.As[*v1alpha1.AnalysisRun](obj), registry.As[*v1alpha1.AnalysisRun](old)
	spec := *updated.Spec.DeepCopy()
	spec.Terminate = current.Spec.Terminate
	problems := s.awaited.Forbid(ctx, updated, current, s.equality.Same(spec, current.Spec))
	problems = append(problems, registry.SameCluster(updated, current)...)
	if updated.Generation == current.Generation {
		return problems
	}
	return append(problems, s.validateSpec(&updated.Spec)...)
}

func (s strategy) validateSpec(spec *v1alpha1.AnalysisRunSpec) field.ErrorList {
	return append(s.requirements.Missing(spec, field.NewPath("spec")), analysistemplate.ValidateMetrics(spec.Metrics)...)
}
