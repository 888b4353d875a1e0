// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package install_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	"k8s.io/kube-openapi/pkg/builder3"
	"k8s.io/kube-openapi/pkg/common"
	"sigs.k8s.io/yaml"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/install"
	"github.com/capstan-dev/capstan/pkg/generated/openapi"
)

// served are the kinds that server-side apply meets.
func served() []schema.GroupVersionKind {
	kinds := make([]schema.GroupVersionKind, 0)
	for _, kind := range []string{
		"Application", "ApplicationSet", "AppProject",
		"Rollout", "AnalysisTemplate", "ClusterAnalysisTemplate", "AnalysisRun", "Experiment",
	} {
		kinds = append(kinds, argov1alpha1.SchemeGroupVersion.WithKind(kind))
	}
	return append(kinds,
		capstanv1alpha1.SchemeGroupVersion.WithKind("Cluster"), capstanv1alpha1.SchemeGroupVersion.WithKind("SyncRun"))
}

func typeConverter(t *testing.T) managedfields.TypeConverter {
	t.Helper()
	scheme := install.NewVersionedScheme()
	names := make([]string, 0)
	for _, kind := range served() {
		name, err := scheme.ToOpenAPIDefinitionName(kind)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	schemas, err := builder3.BuildOpenAPIDefinitionsForResources(&common.OpenAPIV3Config{
		GetDefinitions:    openapi.GetOpenAPIDefinitions,
		GetDefinitionName: openapinamer.NewDefinitionNamer(scheme).GetDefinitionName,
	}, names...)
	if err != nil {
		t.Fatal(err)
	}
	converter, err := managedfields.NewTypeConverter(schemas, false)
	if err != nil {
		t.Fatal(err)
	}
	return converter
}

func TestOpenAPIDescribesEveryServedKind(t *testing.T) {
	t.Parallel()
	converter := typeConverter(t)
	for _, kind := range served() {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			object, err := install.NewVersionedScheme().New(kind)
			if err != nil {
				t.Fatal(err)
			}
			object.GetObjectKind().SetGroupVersionKind(kind)
			if _, err := converter.ObjectToTyped(object); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestServerSideApplySeesWhatTheUserWrote(t *testing.T) {
	t.Parallel()
	converter := typeConverter(t)
	for name, test := range map[string]struct {
		into runtime.Object
		text string
	}{
		"values of a chart, explicit falses and empty structs": {&argov1alpha1.Application{}, `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: guestbook}
spec:
  source:
    repoURL: https://example.com/charts
    directory: {jsonnet: {}, recurse: false}
    helm: {valuesObject: {ports: [{port: 80}], labels: {}, enabled: false}, valueFiles: []}
  syncPolicy: {automated: {}, retry: {limit: 0}}
`},
		"elements of a list and a nested matrix": {&argov1alpha1.ApplicationSet{}, `
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: guestbook}
spec:
  generators:
  - list: {elements: [{name: a, ports: [1, 2]}]}
  - clusters: {}
  - merge:
      mergeKeys: [name]
      generators:
      - clusters: {selector: {}}
      - matrix: {generators: [{clusters: {}}, {list: {elements: []}}]}
  template: {metadata: {}, spec: {destination: {}, project: ""}}
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := yaml.UnmarshalStrict([]byte(test.text), test.into); err != nil {
				t.Fatal(err)
			}
			typed, err := converter.ObjectToTyped(test.into)
			if err != nil {
				t.Fatal(err)
			}
			got, err := yaml.Marshal(typed.AsValue().Unstructured())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(normal(t, []byte(test.text)), normal(t, got)); diff != "" {
				t.Errorf("typed value (-written +seen):\n%s", diff)
			}
		})
	}
}

func normal(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var value map[string]any
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}
