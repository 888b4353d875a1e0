// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/cluster"
)

func newClusters(t *testing.T, options cluster.Options) *cluster.Clusters {
	t.Helper()
	clusters, err := cluster.NewClusters(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clusters.Close)
	return clusters
}

func TestClusters(t *testing.T) {
	t.Parallel()
	destination := func(name, server, secret string) cluster.Destination {
		return cluster.Destination{Name: name, Server: server, Secret: secret, Config: &rest.Config{Host: server}}
	}
	t.Run("hold the hosting cluster, also after its Secret is gone", func(t *testing.T) {
		t.Parallel()
		clusters := newClusters(t, cluster.Options{Host: &rest.Config{Host: "https://host"}})
		hub := cluster.Destination{Name: "hub", Server: cluster.InClusterServer, Secret: "hub"}
		if err := clusters.Set(t.Context(), hub); err != nil {
			t.Fatal(err)
		}
		if _, err := clusters.ByName("hub"); err != nil {
			t.Error(err)
		}
		if err := clusters.Remove(t.Context(), cluster.InClusterServer, "hub"); err != nil {
			t.Fatal(err)
		}
		if _, err := clusters.ByName(cluster.InClusterName); err != nil {
			t.Error(err)
		}
	})
	t.Run("refuse a name that two of them have", func(t *testing.T) {
		t.Parallel()
		clusters := newClusters(t, cluster.Options{})
		for _, server := range []string{"https://a", "https://b"} {
			if err := clusters.Set(t.Context(), destination("prod", server, server)); err != nil {
				t.Fatal(err)
			}
		}
		var ambiguous *cluster.AmbiguousNameError
		if _, err := clusters.ByName("prod"); !errors.As(err, &ambiguous) || len(ambiguous.Servers) != 2 {
			t.Errorf("error is %v, want *AmbiguousNameError", err)
		}
		var missing *cluster.NotFoundError
		if _, err := clusters.ByServer("https://c"); !errors.As(err, &missing) {
			t.Errorf("error is %v, want *NotFoundError", err)
		}
	})
	t.Run("let no second Secret take over or remove a server", func(t *testing.T) {
		t.Parallel()
		clusters := newClusters(t, cluster.Options{})
		if err := clusters.Set(t.Context(), destination("prod", "https://a", "first")); err != nil {
			t.Fatal(err)
		}
		if err := clusters.Set(t.Context(), destination("prod", "https://a", "second")); err == nil {
			t.Error("the second Secret took over")
		}
		if err := clusters.Remove(t.Context(), "https://a", "second"); err != nil || len(clusters.List()) != 1 {
			t.Errorf("the second Secret removed the server, error %v", err)
		}
	})
	t.Run("connect anew for other credentials, and only then", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		if err := f.cluster.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		same := f.destination()
		same.Labels = map[string]string{"tier": "prod"}
		if err := f.clusters.Set(t.Context(), same); err != nil {
			t.Fatal(err)
		}
		if err := f.cluster.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := f.api.count("GET /version"); got != 1 {
			t.Errorf("%d connections after a new label, want 1", got)
		}
		if f.cluster.Destination().Labels["tier"] != "prod" {
			t.Error("the new label is lost")
		}
		other := f.destination()
		other.Config.BearerToken = "new"
		if err := f.clusters.Set(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		if err := f.cluster.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := f.api.count("GET /version"); got != 2 {
			t.Errorf("%d connections after a new token, want 2", got)
		}
	})
}

func TestResource(t *testing.T) {
	t.Parallel()
	widget := schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Widget"}
	t.Run("is looked for again before a kind counts as not served", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.api.change(func() { delete(f.api.served, "example.com/v1") })
		var noKind *cluster.NoKindError
		if _, err := f.cluster.Resource(t.Context(), widget); !errors.As(err, &noKind) {
			t.Fatalf("error is %v, want *NoKindError", err)
		}
		f.api.change(func() { f.api.served["example.com/v1"] = []fields{kind("Widget", "widgets", true)} })
		eventually(t, "the new kind is served", func() bool {
			resource, err := f.cluster.Resource(t.Context(), widget)
			return err == nil && resource.Namespaced && resource.Name == "widgets"
		})
	})
	t.Run("of a group that cannot be read is unknown, others are not affected", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.api.change(func() { f.api.stale = []string{"example.com"} })
		var unknown *cluster.DiscoveryError
		if _, err := f.cluster.Resource(t.Context(), widget); !errors.As(err, &unknown) {
			t.Errorf("error is %v, want *DiscoveryError", err)
		}
		if _, err := f.cluster.Resource(t.Context(), deploymentKind().WithVersion("")); err != nil {
			t.Error(err)
		}
	})
	t.Run("is unknown where the answer is not that of a cluster", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.api.intercept = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/api" {
				notFound(w)
			}
			return r.URL.Path == "/api"
		}
		var noKind *cluster.NoKindError
		if _, err := f.cluster.Resource(t.Context(), widget); err == nil || errors.As(err, &noKind) {
			t.Errorf("error is %v, want a failure to connect", err)
		}
	})
}

func TestConnect(t *testing.T) {
	t.Parallel()
	t.Run("fails at once while a cluster is known to be lost", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.api.intercept = func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "down", http.StatusBadGateway)
			return true
		}
		if err := f.cluster.Connect(t.Context()); err == nil {
			t.Fatal("connected to a cluster that is down")
		}
		before := f.api.count("")
		var unreachable *cluster.UnreachableError
		if err := f.cluster.Connect(t.Context()); !errors.As(err, &unreachable) {
			t.Errorf("error is %v, want *UnreachableError", err)
		}
		if after := f.api.count(""); after != before {
			t.Errorf("%d requests to a lost cluster, want none", after-before)
		}
		if f.cluster.Status().Reachable {
			t.Error("a lost cluster is called reachable")
		}
		f.api.change(func() { f.api.intercept = nil })
		eventually(t, "it is connected again", func() bool { return f.cluster.Connect(t.Context()) == nil })
		if got := f.cluster.Status(); !got.Reachable || got.UID != "first" || got.Version != "v1.37.2" {
			t.Errorf("status is %+v", got)
		}
	})
	t.Run("does not let one cluster that hangs delay another", func(t *testing.T) {
		t.Parallel()
		hanging, working := newFixture(t), newFixture(t)
		release := make(chan struct{})
		t.Cleanup(func() { close(release) })
		hanging.api.intercept = func(_ http.ResponseWriter, _ *http.Request) bool {
			<-release
			return true
		}
		second := hanging.destination()
		second.Name, second.Secret = "hanging", "hanging"
		if err := working.clusters.Set(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		stuck, err := working.clusters.ByName("hanging")
		if err != nil {
			t.Fatal(err)
		}
		stuck.Use(t.Context(), "guestbook", []schema.GroupKind{configMapKind()})
		working.cluster.Use(t.Context(), "guestbook", []schema.GroupKind{configMapKind()})
		working.expect(t, "guestbook /ConfigMap:/")
		began := time.Now()
		if _, err := stuck.Live("guestbook", nil); err == nil || time.Since(began) > time.Second {
			t.Errorf("answer of a cluster that hangs: %v after %s", err, time.Since(began))
		}
	})
}

func TestReads(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	object := managed("v1", "ConfigMap", "c", "guestbook", "f:data")
	f.api.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path != "/api/v1/namespaces/shop/configmaps/c":
			return false
		case strings.Contains(r.Header.Get("Accept"), "PartialObjectMetadata"):
			f.api.answer(w, "application/json", partial(object))
		default:
			f.api.answer(w, "application/json", object)
		}
		return true
	}
	got, err := f.cluster.Get(t.Context(), configMap("c"), "v1")
	if err != nil || got.GetUID() != "c-uid" {
		t.Errorf("object is %v, error %v", got, err)
	}
	record, err := f.cluster.GetMetadata(t.Context(), configMap("c"))
	if err != nil || record == nil || record.Application != "guestbook" {
		t.Errorf("record is %+v, error %v", record, err)
	}
	if record, err = f.cluster.GetMetadata(t.Context(), configMap("d")); err != nil || record != nil {
		t.Errorf("record of a missing object is %+v, error %v", record, err)
	}
	before := f.api.count("")
	for _, name := range []string{"", "..", "../secrets/s", "a%2fb"} {
		if _, err := f.cluster.GetMetadata(t.Context(), configMap(name)); err == nil {
			t.Errorf("name %q leads out of its URL", name)
		}
	}
	if after := f.api.count(""); after != before {
		t.Errorf("%d requests for names that are none", after-before)
	}
}
