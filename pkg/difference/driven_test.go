// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package difference_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/difference"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// weighted is a rule for an object whose list spec.routes a controller drives.
func weighted(t *testing.T) difference.Rules {
	t.Helper()
	rule, err := difference.Driven(manifest.Key{Group: "g", Kind: "Route", Namespace: "shop", Name: "web"},
		func(wanted, live *unstructured.Unstructured) {
			routes, _, _ := unstructured.NestedFieldCopy(live.Object, "spec", "routes")
			_ = unstructured.SetNestedField(wanted.Object, routes, "spec", "routes")
		}, manifest.DigestOf([]byte("weights")))
	if err != nil {
		t.Fatal(err)
	}
	return difference.Rules{rule}
}

func driven(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	return object(t, "apiVersion: g/v1\nkind: Route\n"+text)
}

func TestWhatAControllerDrivesIsKept(t *testing.T) {
	t.Parallel()
	kept, err := weighted(t).Keep(driven(t, "spec: {routes: [1, 0], timeout: 9}"), driven(t, "spec: {routes: [8, 2], timeout: 5}"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(driven(t, "spec: {routes: [8, 2], timeout: 9}"), kept); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOnlyAControllerMayChangeWhatItDrives(t *testing.T) {
	t.Parallel()
	owned := func(manager, fields string) string {
		return "metadata: {managedFields: [{manager: " + manager + `, fieldsV1: {"f:spec": ` + fields + "}}]}\n"
	}
	for name, test := range map[string]struct {
		live string
		want bool
	}{
		"the controller wrote it":              {owned("capstan-rollouts", `{"f:routes": {}}`) + "spec: {routes: [8, 2]}", false},
		"that of Argo Rollouts wrote it":       {owned("rollouts-controller", `{"f:routes": {}}`) + "spec: {routes: [8, 2]}", false},
		"a sync kept what the controller said": {owned("capstan", `{"f:routes": {}}`) + "spec: {routes: [8, 2]}", false},
		"somebody else wrote it":               {owned("kubectl-edit", `{"f:routes": {}}`) + "spec: {routes: [8, 2]}", true},
		"the controller wrote something else":  {owned("capstan-rollouts", `{".": {}, "f:other": {}}`) + "spec: {routes: [8, 2]}", true},
		"nobody is known to have written it":   {"spec: {routes: [8, 2]}", true},
		"it is as Git wants it":                {owned("kubectl-edit", `{"f:routes": {}}`) + "spec: {routes: [1, 0]}", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := weighted(t).Strayed(driven(t, "spec: {routes: [1, 0]}"), driven(t, test.live)); got != test.want {
				t.Errorf("Strayed is %t", got)
			}
		})
	}
}

func TestRulesOfControllersHoldWithoutBeingAskedFor(t *testing.T) {
	t.Parallel()
	all := append(weighted(t), rules(t, v1alpha1.ResourceIgnoreDifferences{Kind: "Route", JSONPointers: []string{"/spec"}})...)
	if got := all.OfControllers(); len(got) != 1 || got.Digest() != weighted(t).Digest() {
		t.Errorf("%d rules are of controllers", len(got))
	}
}
