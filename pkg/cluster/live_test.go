// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

func configMapKind() schema.GroupKind  { return schema.GroupKind{Kind: "ConfigMap"} }
func deploymentKind() schema.GroupKind { return schema.GroupKind{Group: "apps", Kind: "Deployment"} }
func widgetKind() schema.GroupKind     { return schema.GroupKind{Group: "example.com", Kind: "Widget"} }

func configMap(name string) manifest.Key {
	return manifest.Key{Kind: "ConfigMap", Namespace: "shop", Name: name}
}

// fixture is a set of clusters with one of them behind a fake API server.
type fixture struct {
	api      *fakeAPI
	clusters *cluster.Clusters
	cluster  *cluster.Cluster
	metrics  *prometheus.Registry
	events   chan string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{api: newFakeAPI(t), metrics: prometheus.NewRegistry(), events: make(chan string, 1000)}
	clusters, err := cluster.NewClusters(cluster.Options{
		HealthRules: phaseRules{}, Registerer: f.metrics, Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clusters.Close)
	clusters.Subscribe(func(application string, key manifest.Key) { f.events <- application + " " + key.String() })
	if err = clusters.Set(t.Context(), f.destination()); err != nil {
		t.Fatal(err)
	}
	if f.cluster, err = clusters.ByName("prod"); err != nil {
		t.Fatal(err)
	}
	f.clusters = clusters
	return f
}

func (f *fixture) destination() cluster.Destination {
	return cluster.Destination{Name: "prod", Server: f.api.url, Secret: "prod", Config: f.api.config()}
}

// expect waits for events, in any order.
func (f *fixture) expect(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for range want {
		select {
		case event := <-f.events:
			got = append(got, event)
		case <-time.After(20 * time.Second):
			t.Fatalf("events are %q, want %q", got, want)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Fatalf("events (-want +got):\n%s", diff)
	}
}

// quiet proves that nothing was published before marker, which the caller caused last.
func (f *fixture) quiet(t *testing.T, marker string) {
	t.Helper()
	f.expect(t, marker)
}

func (f *fixture) live(t *testing.T, application string, keys ...manifest.Key) []cluster.Live {
	t.Helper()
	set, err := f.cluster.Live(application, keys)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(set.Objects, func(a, b cluster.Live) int { return cmp.Compare(a.Name, b.Name) })
	return set.Objects
}

func names(objects []cluster.Live) string {
	var names []string
	for _, object := range objects {
		names = append(names, object.Name)
	}
	return strings.Join(names, " ")
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never saw that %s", what)
		}
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	t.Run("is an error until every kind in use was read, and tells once when it was", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		hold := make(chan struct{})
		f.api.intercept = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == deployments {
				<-hold
			}
			return false
		}
		for i := range 3 {
			f.api.set(configMaps, managed("v1", "ConfigMap", fmt.Sprint("c", i), "guestbook", "f:data"))
		}
		f.cluster.Use(t.Context(), "guestbook", []schema.GroupKind{configMapKind(), deploymentKind()})
		f.expect(t, "guestbook /ConfigMap:/")
		var open *cluster.NotSyncedError
		if _, err := f.cluster.Live("guestbook", nil); !errors.As(err, &open) {
			t.Fatalf("error is %v, want *NotSyncedError", err)
		}
		if _, ok := open.Kinds[deploymentKind()]; !ok || len(open.Kinds) != 1 {
			t.Errorf("open kinds are %v, want only the Deployment", open.Kinds)
		}
		close(hold)
		f.expect(t, "guestbook apps/Deployment:/")
		if got := names(f.live(t, "guestbook")); got != "c0 c1 c2" {
			t.Errorf("objects are %q", got)
		}
	})
	t.Run("refuses to answer for a kind that nobody watches", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		var open *cluster.NotSyncedError
		if _, err := f.cluster.Live("guestbook", []manifest.Key{configMap("c")}); !errors.As(err, &open) {
			t.Errorf("error is %v, want *NotSyncedError", err)
		}
	})
	t.Run("holds what was asked for and what is tracked, each once", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.api.set(configMaps, managed("v1", "ConfigMap", "mine", "guestbook", "f:data"))
		f.api.set(configMaps, managed("v1", "ConfigMap", "old", "guestbook", "f:data"))
		f.api.set(configMaps, managed("v1", "ConfigMap", "theirs", "other", "f:data"))
		f.api.set(configMaps, managed("v1", "ConfigMap", "unrelated", "other", "f:data"))
		f.cluster.Use(t.Context(), "guestbook", []schema.GroupKind{configMapKind()})
		f.expect(t, "guestbook /ConfigMap:/")
		got := f.live(t, "guestbook", configMap("mine"), configMap("theirs"), configMap("missing"))
		if names(got) != "mine old theirs" || got[2].Application != "other" {
			t.Errorf("objects are %+v", got)
		}
	})
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.api.set(configMaps, managed("v1", "ConfigMap", "c", "guestbook", "f:data"))
	f.api.set(deployments, managed("apps/v1", "Deployment", "d", "guestbook", "f:spec"))
	f.cluster.Use(t.Context(), "guestbook", []schema.GroupKind{configMapKind(), deploymentKind()})
	f.expect(t, "guestbook /ConfigMap:/", "guestbook apps/Deployment:/")
	before := f.api.count("")

	foreign := managed("v1", "ConfigMap", "c", "guestbook", "f:data")
	foreign["data"] = fields{"by": "another controller"}
	f.api.set(configMaps, foreign)
	f.api.set(configMaps, managed("v1", "ConfigMap", "c", "guestbook", "f:less"))
	f.quiet(t, "guestbook /ConfigMap:shop/c")

	f.api.set(configMaps, managed("v1", "ConfigMap", "c", "other", "f:less"))
	f.expect(t, "guestbook /ConfigMap:shop/c", "other /ConfigMap:shop/c")

	starting := managed("apps/v1", "Deployment", "d", "guestbook", "f:spec")
	starting["status"] = fields{"phase": "Starting"}
	f.api.set(deployments, starting)
	f.expect(t, "guestbook apps/Deployment:shop/d")
	if got := f.live(t, "guestbook"); got[0].Health == nil || got[0].Health.Message != "Starting" {
		t.Errorf("health is %+v", got[0].Health)
	}

	f.api.remove(deployments, "d")
	f.expect(t, "guestbook apps/Deployment:shop/d")
	if got := f.live(t, "guestbook"); len(got) != 0 {
		t.Errorf("objects are %+v, want none", got)
	}
	if after := f.api.count(""); after != before {
		t.Errorf("%d requests were made for events, want none", after-before)
	}
}

func TestWatchFailure(t *testing.T) {
	t.Parallel()
	t.Run("keeps the records and marks the kind stale", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.api.set(configMaps, managed("v1", "ConfigMap", "c", "guestbook", "f:data"))
		f.cluster.Use(t.Context(), "guestbook", []schema.GroupKind{configMapKind()})
		f.expect(t, "guestbook /ConfigMap:/")
		f.api.change(func() {
			f.api.intercept = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == configMaps {
					http.Error(w, "{}", http.StatusForbidden)
				}
				return r.URL.Path == configMaps
			}
		})
		f.api.cut(configMaps)
		eventually(t, "the kind is stale", func() bool {
			set, err := f.cluster.Live("guestbook", nil)
			return err == nil && !set.Stale[configMapKind()].IsZero() && len(set.Objects) == 1
		})
		f.api.change(func() { f.api.intercept = nil })
		eventually(t, "the kind is current again", func() bool {
			set, err := f.cluster.Live("guestbook", nil)
			return err == nil && len(set.Stale) == 0
		})
	})
	t.Run("of a kind that is still served drops nothing", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.api.set(widgets, managed("example.com/v1", "Widget", "w", "guestbook", "f:spec"))
		f.cluster.Use(t.Context(), "guestbook", []schema.GroupKind{widgetKind()})
		f.expect(t, "guestbook example.com/Widget:/")
		before := f.api.count("GET /apis?")
		f.api.change(func() {
			f.api.intercept = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == widgets {
					notFound(w)
				}
				return r.URL.Path == widgets
			}
		})
		f.api.cut(widgets)
		eventually(t, "the kinds are read again", func() bool { return f.api.count("GET /apis?") > before+1 })
		if got := names(f.live(t, "guestbook")); got != "w" {
			t.Errorf("objects are %q, want the old one", got)
		}
	})
	t.Run("of a kind that is gone drops its records", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.api.set(widgets, managed("example.com/v1", "Widget", "w", "guestbook", "f:spec"))
		f.cluster.Use(t.Context(), "guestbook", []schema.GroupKind{widgetKind()})
		f.expect(t, "guestbook example.com/Widget:/")
		f.api.change(func() {
			delete(f.api.served, "example.com/v1")
			f.api.intercept = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == widgets {
					notFound(w)
				}
				return r.URL.Path == widgets
			}
		})
		f.api.cut(widgets)
		f.expect(t, "guestbook example.com/Widget:/")
		set, err := f.cluster.Live("guestbook", nil)
		if err != nil || len(set.Objects) != 0 || !set.Unserved[widgetKind()] {
			t.Errorf("set is %+v and error %v, want the kind unserved", set, err)
		}
	})
}
