// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package clusteranalysistemplate

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/analysistemplate"
)

// object is the kind that the strategy is handed.
type object = *v1alpha1.ClusterAnalysisTemplate

// strategy decides what a write changes: everything, for there is no status.
type strategy struct {
	registry.Strategy
	equality     registry.Equality
	requirements registry.Requirements
}

// newStrategy returns the strategy of the main resource.
func newStrategy(scheme *runtime.Scheme) strategy {
	return strategy{registry.NewStrategy(scheme), registry.NewEquality(), registry.NewRequirements()}
}

// NamespaceScoped is false: the templates are for every namespace.
func (strategy) NamespaceScoped() bool {
	return false
}

// PrepareForCreate starts a template at generation 1.
func (strategy) PrepareForCreate(_ context.Context, obj runtime.Object) {
	registry.As[object](obj).Generation = 1
}

// PrepareForUpdate moves the generation if the specification changes.
func (s strategy) PrepareForUpdate(_ context.Context, obj, old runtime.Object) {
	updated, current := registry.As[object](obj), registry.As[object](old)
	if !registry.KeepSpec(s.equality, &updated.Spec, &current.Spec) {
		updated.Generation = current.Generation + 1
	}
}

// Validate requires what the schema of the peer's CustomResourceDefinition requires.
func (s strategy) Validate(_ context.Context, obj runtime.Object) field.ErrorList {
	created := registry.As[object](obj)
	return append(registry.ValidateName(created), s.validateSpec(&created.Spec)...)
}

// ValidateUpdate requires the same of a specification that changes, which the generation tells.
func (s strategy) ValidateUpdate(_ context.Context, obj, old runtime.Object) field.ErrorList {
	updated, current := registry.As[object](obj), registry.As[object](old)
	if updated.Generation == current.Generation {
		return nil
	}
	return s.validateSpec(&updated.Spec)
}

func (s strategy) validateSpec(spec *v1alpha1.AnalysisTemplateSpec) field.ErrorList {
	return append(s.requirements.Missing(spec, field.NewPath("spec")), analysistemplate.ValidateMetrics(spec.Metrics)...)
}
