// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysistemplate

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// ValidateMetrics requires values of spec.metrics that the peer's schema lists; every other fault is the controller's
// to report (as Argo Rollouts 1.10: manifests/crds/analysis-template-crd.yaml).
func ValidateMetrics(metrics []v1alpha1.Metric) field.ErrorList {
	var problems field.ErrorList
	for index, metric := range metrics {
		if metric.Provider == nil || metric.Provider.Datadog == nil {
			continue
		}
		datadog := metric.Provider.Datadog
		path := field.NewPath("spec", "metrics").Index(index).Child("provider", "datadog")
		problems = append(problems, oneOf(path.Child("apiVersion"), datadog.APIVersion, "v1", "v2")...)
		problems = append(problems, oneOf(path.Child("aggregator"), datadog.Aggregator,
			"avg", "min", "max", "sum", "last", "percentile", "mean", "l2norm", "area")...)
	}
	return registry.Few(problems)
}

// oneOf requires a value of a list, or none.
func oneOf(path *field.Path, value string, allowed ...string) field.ErrorList {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	return field.ErrorList{field.NotSupported(path, value, allowed)}
}
