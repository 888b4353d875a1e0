// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/registry"
	"github.com/capstan-dev/capstan/pkg/registry/registrytest"
)

// shelf is where Plans and their manifests are kept.
type shelf struct {
	*testing.T
	provider *Provider
	plans    *registry.REST
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	scheme, getter := registrytest.NewStorage(t)
	provider := &Provider{Scheme: scheme}
	storage, err := provider.Storage(getter)
	if err != nil {
		t.Fatal(err)
	}
	plans, isREST := storage["plans"].(*registry.REST)
	if !isREST {
		t.Fatalf("plans are served by %T", storage["plans"])
	}
	return &shelf{t, provider, plans}
}

// keep keeps a Plan with manifests of its own.
func (s *shelf) keep(name, content string) {
	s.Helper()
	made, err := manifest.New(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": content},
	}})
	if err != nil {
		s.Fatal(err)
	}
	data, digest, err := manifest.Pack([]manifest.Manifest{made})
	if err != nil {
		s.Fatal(err)
	}
	ctx := registry.WithOwn(registrytest.Context(s.T))
	plan := &v1alpha1.Plan{
		ObjectMeta: metav1.ObjectMeta{Namespace: registrytest.Namespace, Name: name},
		Spec:       v1alpha1.PlanSpec{Number: 1, Kind: v1alpha1.PlanSync, Manifests: digest},
	}
	plan.Digest = gate.PlanDigest(plan.Spec)
	if _, err = s.plans.Create(ctx, plan, rest.ValidateAllObjectFunc, &metav1.CreateOptions{}); err != nil {
		s.Fatal(err)
	}
	_, err = s.provider.manifests.Create(ctx, name, &v1alpha1.PlanManifests{Data: data}, rest.ValidateAllObjectFunc,
		&metav1.CreateOptions{})
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shelf) forget(name string) {
	s.Helper()
	_, _, err := s.plans.Delete(registrytest.Context(s.T), name, rest.ValidateAllObjectFunc, &metav1.DeleteOptions{})
	if err != nil {
		s.Fatal(err)
	}
}

// kept counts the manifests.
func (s *shelf) kept() int {
	s.Helper()
	object, err := s.provider.manifests.store.List(registrytest.Context(s.T), nil)
	if err != nil {
		s.Fatal(err)
	}
	return len(registry.As[*v1alpha1.PlanManifestsList](object).Items)
}

func TestManifestsGoWithTheLastPlanThatNamesThem(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep("one", "same")
	s.keep("two", "same")
	counts := []int{s.kept()}
	for _, name := range []string{"one", "two"} {
		s.forget(name)
		counts = append(counts, s.kept())
	}
	if want := []int{1, 1, 0}; !slices.Equal(counts, want) {
		t.Errorf("there are %v manifests, want %v", counts, want)
	}
}

func TestManifestsThatAServerLeftBehindAreSwept(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep("gone", "left-behind")
	s.keep("there", "needed")
	s.plans.AfterDelete = nil // The server ends before it is called.
	s.forget("gone")
	before := s.kept()
	if err := s.provider.Sweep(registrytest.Context(t)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{2, 1}, []int{before, s.kept()}); diff != "" {
		t.Errorf("manifests before and after (-want +got):\n%s", diff)
	}
}

func TestManifestsStayThatAnotherPlanWantedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	s.keep("old", "same")
	ctx := registrytest.Context(t)
	object, err := s.provider.manifests.store.List(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	read := registry.As[*v1alpha1.PlanManifestsList](object).Items[0].ObjectMeta
	s.keep("new", "same")
	if err := s.provider.manifests.drop(ctx, read, nil); err != nil {
		t.Fatal(err)
	}
	if s.kept() != 1 {
		t.Error("the manifests are gone, and a Plan names them")
	}
}
