// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// shelf is an API server with at most one object, a ConfigMap: it can be read, listed and watched by its name.
type shelf struct {
	mu       sync.Mutex
	version  int
	there    bool
	reads    int
	watchers map[chan map[string]any]bool
}

// object is the ConfigMap, which holds its version.
func (s *shelf) object(kind, version string) map[string]any {
	return map[string]any{
		"kind": kind, "apiVersion": version, "data": map[string]any{"version": strconv.Itoa(s.version)},
		"metadata": map[string]any{
			"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": strconv.Itoa(s.version),
		},
	}
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch query := r.URL.Query(); {
	case r.URL.Path == "/api/v1/namespaces/shop/configmaps/web":
		s.read(w)
	case query.Get("fieldSelector") != "metadata.name=web":
		http.Error(w, "the watch is not narrow", http.StatusForbidden)
	case query.Get("sendInitialEvents") != "":
		// As a server that is older.
		answer(w, http.StatusUnprocessableEntity, map[string]any{
			"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Invalid", "code": 422,
		})
	case query.Get("watch") != "":
		s.watch(w, r)
	default:
		s.list(w)
	}
}

func answer(w http.ResponseWriter, code int, body any) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // The client sees what is missing.
}

func (s *shelf) read(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if !s.there {
		answer(w, http.StatusNotFound, map[string]any{
			"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
		})
		return
	}
	answer(w, http.StatusOK, s.object("ConfigMap", "v1"))
}

func (s *shelf) list(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []any{}
	if s.there {
		items = append(items, s.object("PartialObjectMetadata", "meta.k8s.io/v1"))
	}
	answer(w, http.StatusOK, map[string]any{
		"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
		"metadata": map[string]any{"resourceVersion": strconv.Itoa(s.version)}, "items": items,
	})
}

func (s *shelf) watch(w http.ResponseWriter, r *http.Request) {
	events := make(chan map[string]any, 10)
	s.mu.Lock()
	s.watchers[events] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, events)
	}()
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w).Flush
	_ = flush() // The client sees what is missing.
	for {
		select {
		case <-r.Context().Done():
			return
		case event := <-events:
			if json.NewEncoder(w).Encode(event) != nil || flush() != nil {
				return
			}
		}
	}
}

// put makes the ConfigMap, or changes it.
func (s *shelf) put() {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := "MODIFIED"
	if !s.there {
		kind = "ADDED"
	}
	s.version, s.there = s.version+1, true
	for events := range s.watchers {
		events <- map[string]any{"type": kind, "object": s.object("PartialObjectMetadata", "meta.k8s.io/v1")}
	}
}

func (s *shelf) counts() (reads, watchers int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads, len(s.watchers)
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("it never happens that %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestWhatARolloutRefersToIsReadOnceAVersion(t *testing.T) {
	t.Parallel()
	s := &shelf{watchers: map[chan map[string]any]bool{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	config := &rest.Config{Host: server.URL}
	visits := make(chan types.NamespacedName, 100)
	c := newReferences(cluster.Clients{
		Calls:   cluster.Client{Objects: dynamic.NewForConfigOrDie(config)},
		Watches: cluster.Client{Metadata: metadata.NewForConfigOrDie(config)},
	}, func(key types.NamespacedName) { visits <- key }, make(chan struct{}))
	each := reference{schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, "shop", "web"}
	web := types.NamespacedName{Namespace: "shop", Name: "web"}
	held := func() string {
		t.Helper()
		c.hold(web, each)
		text, err := refer(context.Background(), c, each, func(object *unstructured.Unstructured) (string, error) {
			text, _, err := unstructured.NestedString(object.Object, "data", "version")
			return text, err
		})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}

	if got := held(); got != "" {
		t.Errorf("it reads %q where there is nothing", got)
	}
	eventually(t, "it watches", func() bool { _, watchers := s.counts(); return watchers == 1 })
	for range 2 {
		s.put()
		if key := <-visits; key != web {
			t.Errorf("it visits %v, want %v", key, web)
		}
		eventually(t, "it reads what is there", func() bool { return held() == strconv.Itoa(s.version) })
		eventually(t, "the watch shows it", func() bool { _, known := c.current(each); return known })
		before, _ := s.counts()
		for range 10 {
			held()
		}
		if after, _ := s.counts(); after != before {
			t.Errorf("it reads %d times more though nothing changed", after-before)
		}
	}
	c.only(web, nil)
	eventually(t, "it watches no longer", func() bool { _, watchers := s.counts(); return watchers == 0 })
	if len(c.known)+len(c.held) > 0 {
		t.Error("it remembers what nobody refers to")
	}
}

func TestARolloutThatStaysInvalidHoldsOnlyWhatItNamesNow(t *testing.T) {
	t.Parallel()
	r := &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}}
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	config := &rest.Config{Host: server.URL}
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	p := &pass{site: &site{references: newReferences(cluster.Clients{
		Calls:   cluster.Client{Objects: dynamic.NewForConfigOrDie(config)},
		Watches: cluster.Client{Metadata: metadata.NewForConfigOrDie(config)},
	}, func(types.NamespacedName) {}, ended)}}
	for _, name := range []string{"one", "two", "three"} {
		r.Spec.WorkloadRef = &v1alpha1.ObjectRef{APIVersion: "apps/v1", Kind: "Deployment", Name: name}
		if err := p.resolve(t.Context(), &rollout.Facts{Rollout: r}); err == nil {
			t.Error("a workload that is not there resolves")
		}
	}
	if held := p.site.references.held[types.NamespacedName{Namespace: "shop", Name: "web"}]; len(held) != 1 ||
		held[0].name != "three" || len(p.site.references.known) != 1 {
		t.Errorf("it holds %v, and watches %d objects", held, len(p.site.references.known))
	}
}
