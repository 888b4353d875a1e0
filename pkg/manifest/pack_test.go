// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

func configMap(t *testing.T, name, value string) manifest.Manifest {
	t.Helper()
	m, err := manifest.New(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name},
		"data": map[string]any{"key": value},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPackedManifestsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	want := []manifest.Manifest{configMap(t, "b", "line\nbreak"), configMap(t, "a", "1")}
	data, digest, err := manifest.Pack(want)
	if err != nil {
		t.Fatal(err)
	}
	got, read, err := manifest.Unpack(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("manifests (-want +got):\n%s", diff)
	}
	if digest != read {
		t.Errorf("digest %s when packed, %s when unpacked", digest, read)
	}
}

func TestTheDigestTellsPackedManifestsApart(t *testing.T) {
	t.Parallel()
	a, b := configMap(t, "a", "1"), configMap(t, "b", "2")
	seen := map[string]string{}
	for name, manifests := range map[string][]manifest.Manifest{
		"two": {a, b}, "another order": {b, a}, "one": {a}, "none": {}, "another value": {configMap(t, "a", "2"), b},
	} {
		_, digest, err := manifest.Pack(manifests)
		if err != nil {
			t.Fatal(err)
		}
		if other, known := seen[digest]; known {
			t.Errorf("%q and %q have the same digest", name, other)
		}
		seen[digest] = name
	}
}

func TestDamagedManifestsAreNoManifests(t *testing.T) {
	t.Parallel()
	data, _, err := manifest.Pack([]manifest.Manifest{configMap(t, "a", "1")})
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{"cut off": data[:len(data)-3], "none": {1, 2, 3}} {
		if _, _, err := manifest.Unpack(damaged); err == nil {
			t.Errorf("%s: it is read without an error", name)
		}
	}
}
