// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysistemplate

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/install"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

// templateOf returns a stored template.
func templateOf(t *testing.T, manifest string) *v1alpha1.AnalysisTemplate {
	t.Helper()
	template := registrytest.Decode(t, manifest, &v1alpha1.AnalysisTemplate{})
	template.Name, template.Namespace = "latency", registrytest.Namespace
	template.UID, template.ResourceVersion, template.CreationTimestamp = "uid", "1", metav1.Now()
	return template
}

func TestCreateRejectsOnlyWhatThePeersSchemaRejects(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		manifest string
		fields   []string
	}{
		"accepts a template of templates alone": {manifest: `{spec: {templates: [{templateName: a}]}}`},
		"accepts a provider that is not chosen": {manifest: `{spec: {metrics: [{name: a, provider: {}}]}}`},
		"accepts two metrics of one name":       {manifest: `{spec: {metrics: [` + metric + `, ` + metric + `]}}`},
		"accepts a count without an interval":   {manifest: `{spec: {metrics: [{name: a, count: 5, provider: {}}]}}`},
		"accepts a Job that Kubernetes would not": {
			manifest: `{spec: {metrics: [{name: a, provider: {job: {spec: {x: 1}}}}]}}`,
		},
		"accepts a metric with an empty name": {manifest: `{spec: {metrics: [{name: "", provider: {}}]}}`},
		"names a field that is missing far down": {
			manifest: `{spec: {metrics: [{name: a, provider: {kayenta: {threshold: {pass: 1}, scopes: []}}}]}}`,
			fields:   []string{"spec.metrics[0].provider.kayenta.threshold.marginal"},
		},
		"names a value that the schema does not list": {
			manifest: `{spec: {metrics: [{name: a, provider: {datadog: {apiVersion: v3, aggregator: most}}}]}}`,
			fields: []string{
				"spec.metrics[0].provider.datadog.apiVersion", "spec.metrics[0].provider.datadog.aggregator",
			},
		},
		"names a metric's missing provider": {
			manifest: `{spec: {metrics: [` + metric + `, {name: b}]}}`,
			fields:   []string{"spec.metrics[1].provider"},
		},
		"names all that is missing of two metrics": {
			manifest: `{spec: {metrics: [{}, {}]}}`,
			fields:   allMissing(),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := rest.ValidateCreate(registrytest.Context(t), templateOf(t, tc.manifest), newStrategy(install.NewScheme()))
			if diff := cmp.Diff(tc.fields, registrytest.Fields(problems)); diff != "" {
				t.Errorf("fields with problems (-want +got):\n%s", diff)
			}
		})
	}
}

// metric is a metric without a fault.
const metric = `{name: a, provider: {web: {url: u}}}`

// allMissing returns what two empty metrics lack.
func allMissing() []string {
	return []string{"spec.metrics[0].provider", "spec.metrics[1].provider"}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		old, new   string
		generation int64
		fails      bool
	}{
		"moves the generation with a metric": {
			old: `{spec: {}}`, new: `{spec: {metrics: [` + metric + `]}}`, generation: 2,
		},
		"keeps it where only metadata changes": {
			old: `{spec: {metrics: [` + metric + `]}}`,
			new: `{metadata: {labels: {a: b}}, spec: {metrics: [` + metric + `]}}`, generation: 1,
		},
		"refuses a metric without a provider": {
			old: `{spec: {}}`, new: `{spec: {metrics: [{name: a}]}}`, fails: true,
		},
		"lets metadata change beside a fault that is stored already": {
			old: `{spec: {metrics: [{}]}}`, new: `{metadata: {labels: {a: b}}, spec: {metrics: [{}]}}`, generation: 1,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old, updated := templateOf(t, tc.old), templateOf(t, tc.new)
			old.Generation = 1
			err := rest.BeforeUpdate(newStrategy(install.NewScheme()), registrytest.Context(t), updated, old)
			if tc.fails != (err != nil) {
				t.Fatalf("error %v, want one: %v", err, tc.fails)
			}
			if !tc.fails && updated.Generation != tc.generation {
				t.Errorf("generation %d, want %d", updated.Generation, tc.generation)
			}
		})
	}
}
