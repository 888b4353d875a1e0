// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

func TestMissingFieldsAreNamed(t *testing.T) {
	t.Parallel()
	requirements := registry.NewRequirements()
	for name, test := range map[string]struct {
		spec any
		want []string
	}{
		"a list that is left out":                        {&v1alpha1.AnalysisRunSpec{}, []string{"spec.metrics"}},
		"none where a list is empty":                     {&v1alpha1.AnalysisRunSpec{Metrics: []v1alpha1.Metric{}}, nil},
		"an object that is left out of items":            {runOf(2), []string{"spec.metrics[0].provider", "spec.metrics[1].provider"}},
		"none where Argo CD's kinds leave something out": {&v1alpha1.ApplicationSpec{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := registrytest.Fields(requirements.Missing(test.spec, field.NewPath("spec")))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("missing fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheFirstOfManyMissingFieldsAreNamed(t *testing.T) {
	t.Parallel()
	if got := registry.NewRequirements().Missing(runOf(1000), field.NewPath("spec")); len(got) != 20 {
		t.Errorf("%d problems are named, want 20", len(got))
	}
}

// runOf returns a run of metrics that have a name alone.
func runOf(metrics int) *v1alpha1.AnalysisRunSpec {
	spec := &v1alpha1.AnalysisRunSpec{}
	for range metrics {
		spec.Metrics = append(spec.Metrics, v1alpha1.Metric{Name: "a"})
	}
	return spec
}
