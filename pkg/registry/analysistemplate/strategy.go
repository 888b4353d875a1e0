// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysistemplate

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// strategy decides what a write changes: everything, for there is no status.
type strategy struct {
	registry.Strategy
	equality registry.Equality
}

// PrepareForCreate starts a template at generation 1.
func (strategy) PrepareForCreate(_ context.Context, obj runtime.Object) {
	registry.As[*v1alpha1.AnalysisTemplate](obj).Generation = 1
}

// PrepareForUpdate moves the generation if the specification changes.
func (s strategy) PrepareForUpdate(_ context.Context, obj, old runtime.Object) {
	updated, current := registry.As[*v1alpha1.AnalysisTemplate](obj), registry.As[*v1alpha1.AnalysisTemplate](old)
	if !registry.KeepSpec(s.equality, &updated.Spec, &current.Spec) {
		updated.Generation = current.Generation + 1
	}
}

// Validate requires what the schema of the peer's CustomResourceDefinition requires.
func (strategy) Validate(_ context.Context, obj runtime.Object) field.ErrorList {
	created := registry.As[*v1alpha1.AnalysisTemplate](obj)
	return append(registry.ValidateName(created), ValidateMetrics(created.Spec.Metrics)...)
}

// ValidateUpdate requires the same of a specification that changes, which the generation tells.
func (strategy) ValidateUpdate(_ context.Context, obj, old runtime.Object) field.ErrorList {
	updated, current := registry.As[*v1alpha1.AnalysisTemplate](obj), registry.As[*v1alpha1.AnalysisTemplate](old)
	if updated.Generation == current.Generation {
		return nil
	}
	return ValidateMetrics(updated.Spec.Metrics)
}

// ValidateMetrics requires a name and a provider of each of spec.metrics; every other fault is the controller's to
// report (as Argo Rollouts 1.9: manifests/crds/analysis-template-crd.yaml).
func ValidateMetrics(metrics []v1alpha1.Metric) field.ErrorList {
	var problems field.ErrorList
	for index, metric := range metrics {
		path := field.NewPath("spec", "metrics").Index(index)
		if metric.Name == "" {
			problems = append(problems, field.Required(path.Child("name"), "name the metric"))
		}
		if metric.Provider == nil {
			problems = append(problems, field.Required(path.Child("provider"), "say where the metric is measured"))
		}
	}
	return problems
}
