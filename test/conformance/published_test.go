// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/test/harness/peer"
)

// TestPublishedManifests takes what the peers publish, and what we do, through a server as runAccept does.
func TestPublishedManifests(t *testing.T) {
	t.Parallel()
	kinds := peer.Kinds(t)
	dirs := append(peer.Modules(t),
		filepath.Join("..", "..", "artifacts", "examples"),
		filepath.Join("..", "..", "pkg", "apis", "argoproj", "v1alpha1", "testdata"))
	var cases []acceptCase
	for _, dir := range dirs {
		manifests := peer.Manifests(t, kinds, dir)
		if len(manifests) == 0 {
			t.Errorf("%s holds no manifest", dir)
		}
		for _, manifest := range manifests {
			// Documentation leaves names open, as <name>, and data of tests holds what a server set.
			manifest.Object.Object["metadata"] = map[string]any{}
			unstructured.RemoveNestedField(manifest.Object.Object, "status")
			cases = append(cases, acceptCase(manifest))
		}
	}
	refusals, expected := acceptAll(t, kinds, cases), mistyped()
	for name, err := range refusals {
		if fieldAtFault := expected[name]; fieldAtFault == "" || !strings.Contains(err.Error(), fieldAtFault) {
			t.Errorf("%s is refused by %v, want an error that names %q", name, err, fieldAtFault)
		}
	}
	if len(refusals) != len(expected) {
		t.Errorf("%d manifests of Argo CD are refused, want %d", len(refusals), len(expected))
	}
}

// mistyped are the manifests in the documentation of Argo CD 3.5 that its own schema rejects for the type of a value,
// and the fields that hold one. They cannot be admitted: the types of these fields would have to take anything. Each
// stands with the line of manifests/crds of that version which rejects it.
func mistyped() map[string]string {
	return map[string]string{
		// destinations: ["*"]; appproject-crd.yaml:145, the items of destinations have the type object
		"docs/operator-manual/app-sync-using-impersonation.md#3":                 "spec.destinations[0]",
		"docs/proposals/decouple-application-sync-user-using-impersonation.md#0": "spec.destinations[0]",
		// generators: {list: [...]}; applicationset-crd.yaml:22270, generators has the type array
		"docs/operator-manual/applicationset/Appset-Any-Namespace.md#7": "spec.generators",
		// github: "..."; applicationset-crd.yaml:8422, github has the type object
		"docs/operator-manual/applicationset/Generators-Plugin.md#4": "spec.generators[0].matrix.generators[0].pullRequest.github",
		// spec: ...; the spec of an Application has the type object
		"docs/operator-manual/cluster-bootstrapping.md#4": "spec",
		"docs/user-guide/sync-kubectl.md#0":               "spec",
		// annotations: [...]; an annotation is a string, and all are an object
		"docs/user-guide/sync-options.md#30": "managedNamespaceMetadata.annotations",
	}
}
