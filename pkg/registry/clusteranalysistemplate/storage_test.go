// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package clusteranalysistemplate

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

// open returns the storage over an etcd of its own.
func open(t *testing.T) *registry.REST {
	t.Helper()
	scheme, getter := registrytest.NewStorage(t)
	templates, err := NewREST(scheme, getter)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(templates.Destroy)
	return templates
}

// create creates a template.
func create(t *testing.T, templates *registry.REST, manifest string) (object, error) {
	t.Helper()
	template := registrytest.Decode(t, manifest, &v1alpha1.ClusterAnalysisTemplate{})
	created, err := templates.Create(
		registrytest.ClusterContext(t), template, rest.ValidateAllObjectFunc, &metav1.CreateOptions{})
	return registry.As[object](created), err
}

func TestTemplatesAreOfTheWholeCluster(t *testing.T) {
	t.Parallel()
	templates := open(t)
	created, err := create(t, templates, `{metadata: {name: all}, spec: {args: [], metrics: [{name: a, provider: {}}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	if created.Namespace != "" || created.Generation != 1 {
		t.Errorf("namespace %q and generation %d, want none and 1", created.Namespace, created.Generation)
	}
	read, err := templates.Get(registrytest.ClusterContext(t), "all", &metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(created.Spec, registry.As[object](read).Spec); diff != "" {
		t.Errorf("the store changed the template (-want +got):\n%s", diff)
	}
	got := []any{templates.ShortNames(), templates.GetSingularName(), templates.NamespaceScoped()}
	if diff := cmp.Diff([]any{[]string{"cat"}, "clusteranalysistemplate", false}, got); diff != "" {
		t.Errorf("discovery (-want +got):\n%s", diff)
	}
}

func TestTemplatesAreCheckedLikeThoseOfANamespace(t *testing.T) {
	t.Parallel()
	templates := open(t)
	if _, err := create(t, templates, `{metadata: {name: all}, spec: {metrics: [{name: a}]}}`); !apierrors.IsInvalid(err) {
		t.Errorf("a metric without a provider: error %v, want invalid", err)
	}
	created, err := create(t, templates, `{metadata: {name: all}, spec: {}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		metrics    []v1alpha1.Metric
		generation int64
		fails      bool
	}{
		{metrics: []v1alpha1.Metric{{}}, fails: true},
		{metrics: nil, generation: 1},
		{metrics: []v1alpha1.Metric{{Name: "a", Provider: &v1alpha1.MetricProvider{}}}, generation: 2},
	} {
		changed := created.DeepCopy()
		changed.Spec.Metrics = step.metrics
		updated, _, err := templates.Update(registrytest.ClusterContext(t), "all",
			rest.DefaultUpdatedObjectInfo(changed), rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc,
			false, &metav1.UpdateOptions{})
		if step.fails != (err != nil) {
			t.Fatalf("metrics %v: error %v, want one: %v", step.metrics, err, step.fails)
		}
		if err == nil && registry.As[object](updated).Generation != step.generation {
			t.Errorf("metrics %v: generation %d, want %d",
				step.metrics, registry.As[object](updated).Generation, step.generation)
		}
	}
}
