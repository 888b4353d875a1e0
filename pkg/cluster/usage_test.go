// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

func TestUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	streams := func() (open int) {
		f.api.change(func() { open = len(f.api.streams[configMaps]) })
		return open
	}
	f.api.set(configMaps, managed("v1", "ConfigMap", "c", "guestbook", "f:data"))
	f.cluster.Use(t.Context(), "guestbook", []schema.GroupKind{configMapKind()})
	f.expect(t, "guestbook /ConfigMap:/")
	f.cluster.Use(t.Context(), "other", []schema.GroupKind{configMapKind()})
	f.cluster.Use(t.Context(), "other", []schema.GroupKind{configMapKind(), configMapKind()})
	if streams() != 1 || f.cluster.Status().Objects != 1 {
		t.Fatalf("%d watches for one kind, want 1", streams())
	}
	if got := testutil.CollectAndCount(f.metrics); got != 5 {
		t.Errorf("%d metrics, want 5", got)
	}
	f.cluster.Release("guestbook")
	if got := f.cluster.Status(); len(got.Kinds) != 1 {
		t.Errorf("the watch ended while the kind is in use: %+v", got)
	}
	f.cluster.Release("other")
	if got := f.cluster.Status(); len(got.Kinds) != 0 || got.Objects != 0 {
		t.Errorf("the watch goes on although nobody uses the kind: %+v", got)
	}
}

func TestNamespaceRestriction(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	restricted := f.destination()
	restricted.Namespaces = []string{"shop"}
	var paths []string
	f.api.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/configmaps") {
			f.api.change(func() { paths = append(paths, r.URL.Path) })
			r.URL.Path = configMaps
		}
		return false
	}
	f.api.set(configMaps, managed("v1", "ConfigMap", "c", "guestbook", "f:data"))
	if err := f.clusters.Set(t.Context(), restricted); err != nil {
		t.Fatal(err)
	}
	f.cluster.Use(t.Context(), "guestbook", []schema.GroupKind{configMapKind()})
	eventually(t, "the namespace is read", func() bool {
		set, err := f.cluster.Live("guestbook", []manifest.Key{configMap("c")})
		return err == nil && len(set.Objects) == 1
	})
	f.api.change(func() {
		if diff := gocmp.Diff([]string{"/api/v1/namespaces/shop/configmaps"}, paths); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
	elsewhere := manifest.Key{Kind: "ConfigMap", Namespace: "kube-system", Name: "c"}
	if _, err := f.cluster.Live("guestbook", []manifest.Key{elsewhere}); err == nil {
		t.Error("an object outside of the namespaces is called missing")
	}
}

func TestAnotherClusterAtTheSameAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.api.set(configMaps, managed("v1", "ConfigMap", "c", "guestbook", "f:data"))
	f.cluster.Use(t.Context(), "guestbook", []schema.GroupKind{configMapKind()})
	f.expect(t, "guestbook /ConfigMap:/")
	f.api.change(func() {
		f.api.uid = "second"
		f.api.objects[configMaps] = nil
	})
	if err := f.cluster.Probe(context.WithoutCancel(t.Context())); err == nil {
		t.Fatal("the probe takes another cluster for the same one")
	}
	f.expect(t, "guestbook /ConfigMap:/")
	if got := f.live(t, "guestbook"); len(got) != 0 {
		t.Errorf("objects of the cluster before are %+v", got)
	}
	if got := f.cluster.Status().UID; got != "second" {
		t.Errorf("UID is %q", got)
	}
}
