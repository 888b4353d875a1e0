// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/capstan-dev/capstan/pkg/cluster"
)

func TestCapabilities(t *testing.T) {
	t.Parallel()
	offered := func(t *testing.T, f *fixture) cluster.Capabilities {
		t.Helper()
		if err := f.cluster.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		known, err := f.cluster.Capabilities()
		if err != nil {
			t.Fatal(err)
		}
		return known
	}
	t.Run("are the version and what is served", func(t *testing.T) {
		t.Parallel()
		known := offered(t, newFixture(t))
		for name, want := range map[string]bool{
			"v1": true, "apps/v1": true, "apps/v1/Deployment": true, "v1/ConfigMap": true, "example.com/v1": true,
			"apps/v1/Gone": false, "apps/v2": false, "v1/Gone": false, "": false, "a/b/c/d": false,
		} {
			if got, err := known.Serves(name); err != nil || got != want {
				t.Errorf("Serves(%q) is %v, %v", name, got, err)
			}
		}
		names, err := known.APIVersions()
		if err != nil || !slices.Contains(names, "apps/v1/Deployment") || !slices.Contains(names, "v1") || !slices.IsSorted(names) {
			t.Errorf("APIVersions() is %v, %v", names, err)
		}
		if version, err := known.KubeVersion(); err != nil || version == "" {
			t.Errorf("KubeVersion() is %q, %v", version, err)
		}
	})
	t.Run("of a group that cannot be read are unknown, others are not affected", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.api.change(func() { f.api.stale = []string{"example.com"} })
		known := offered(t, f)
		var unknown *cluster.DiscoveryError
		if _, err := known.Serves("example.com/v1"); !errors.As(err, &unknown) {
			t.Errorf("error is %v, want *DiscoveryError", err)
		}
		if _, err := known.APIVersions(); !errors.As(err, &unknown) {
			t.Errorf("error is %v, want *DiscoveryError", err)
		}
		if served, err := known.Serves("apps/v1"); err != nil || !served {
			t.Errorf("Serves(apps/v1) is %v, %v", served, err)
		}
	})
	t.Run("of two clusters with the same kinds have one digest", func(t *testing.T) {
		t.Parallel()
		one, other := newFixture(t), newFixture(t)
		other.api.change(func() { delete(other.api.served, "example.com/v1") })
		first, same, less := offered(t, one), offered(t, newFixture(t)), offered(t, other)
		if first.Digest() != same.Digest() || first.Digest() == less.Digest() {
			t.Errorf("digests are %q, %q and %q", first.Digest(), same.Digest(), less.Digest())
		}
	})
}
