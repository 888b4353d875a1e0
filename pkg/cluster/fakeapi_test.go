// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

type fields = map[string]any

// fakeAPI is a small API server: discovery, and list and watch of a few kinds.
type fakeAPI struct {
	url string
	ca  []byte

	mu       sync.Mutex
	revision int
	uid      string
	// served holds the kinds by group version, stale the groups whose discovery fails.
	served map[string][]fields
	stale  []string
	// objects are by the collection's path and the name.
	objects map[string]map[string]fields
	streams map[string][]chan fields
	// intercept answers a request instead, where it returns true.
	intercept func(http.ResponseWriter, *http.Request) bool
	requests  []string
}

const (
	configMaps  = "/api/v1/configmaps"
	deployments = "/apis/apps/v1/deployments"
	widgets     = "/apis/example.com/v1/widgets"
)

func kind(name, plural string, namespaced bool) fields {
	scope := "Cluster"
	if namespaced {
		scope = "Namespaced"
	}
	return fields{
		"resource": plural, "scope": scope, "verbs": []string{"get", "list", "watch"},
		"responseKind": fields{"group": "", "version": "", "kind": name},
	}
}

func newFakeAPI(t *testing.T) *fakeAPI {
	t.Helper()
	f := &fakeAPI{
		revision: 1,
		uid:      "first",
		served: map[string][]fields{
			"v1":             {kind("Namespace", "namespaces", false), kind("ConfigMap", "configmaps", true)},
			"apps/v1":        {kind("Deployment", "deployments", true)},
			"example.com/v1": {kind("Widget", "widgets", true)},
		},
		objects: map[string]map[string]fields{},
		streams: map[string][]chan fields{},
	}
	server := httptest.NewUnstartedServer(f)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	f.url = server.URL
	f.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return f
}

func (f *fakeAPI) config() *rest.Config {
	return &rest.Config{Host: f.url, BearerToken: "t", TLSClientConfig: rest.TLSClientConfig{CAData: f.ca}}
}

// change runs edit while no request is looked at.
func (f *fakeAPI) change(edit func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	edit()
}

// count returns the number of requests whose method and URL begin with prefix.
func (f *fakeAPI) count(prefix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(f.requests), func(r string) bool { return !strings.HasPrefix(r, prefix) }))
}

// set stores an object and tells the watches.
func (f *fakeAPI) set(collection string, object fields) {
	f.mu.Lock()
	defer f.mu.Unlock()
	metadata, _ := object["metadata"].(fields)
	name, _ := metadata["name"].(string)
	event := "MODIFIED"
	if f.objects[collection] == nil {
		f.objects[collection] = map[string]fields{}
	}
	if f.objects[collection][name] == nil {
		event = "ADDED"
	}
	f.revision++
	stored := maps.Clone(metadata)
	stored["resourceVersion"] = strconv.Itoa(f.revision)
	object = maps.Clone(object)
	object["metadata"] = stored
	f.objects[collection][name] = object
	f.broadcast(collection, fields{"type": event, "object": object})
}

func (f *fakeAPI) remove(collection, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broadcast(collection, fields{"type": "DELETED", "object": f.objects[collection][name]})
	delete(f.objects[collection], name)
}

func (f *fakeAPI) broadcast(collection string, event fields) {
	for _, stream := range f.streams[collection] {
		stream <- event
	}
}

// cut ends all watches of a collection.
func (f *fakeAPI) cut(collection string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, stream := range f.streams[collection] {
		close(stream)
	}
	delete(f.streams, collection)
}

// ServeHTTP answers one request.
func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.String())
	intercept := f.intercept
	f.mu.Unlock()
	if intercept != nil && intercept(w, r) {
		return
	}
	switch r.URL.Path {
	case "/version":
		f.answer(w, "application/json", fields{"gitVersion": "v1.37.2"})
	case "/api", "/apis":
		f.answer(w, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", f.discovery(r.URL.Path == "/api"))
	case "/api/v1/namespaces/kube-system":
		f.answer(w, "application/json", partial(fields{"metadata": fields{"name": "kube-system", "uid": f.uid}}))
	case configMaps, deployments, widgets:
		f.collection(w, r)
	default:
		notFound(w)
	}
}

func (f *fakeAPI) answer(w http.ResponseWriter, contentType string, body fields) {
	w.Header().Set("Content-Type", contentType)
	_ = json.NewEncoder(w).Encode(body)
}

func notFound(w http.ResponseWriter) { http.Error(w, "404 page not found", http.StatusNotFound) }

func (f *fakeAPI) discovery(core bool) fields {
	f.mu.Lock()
	defer f.mu.Unlock()
	var groups []fields
	for gv, kinds := range f.served {
		group, version, _ := strings.Cut(gv, "/")
		if version == "" {
			group, version = "", group
		}
		if core != (group == "") {
			continue
		}
		entry := fields{"version": version, "resources": kinds, "freshness": "Current"}
		if slices.Contains(f.stale, group) {
			entry = fields{"version": version, "freshness": "Stale"}
		}
		groups = append(groups, fields{"metadata": fields{"name": group}, "versions": []fields{entry}})
	}
	return fields{"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": groups}
}

// partial returns object as a client that asked for metadata sees it.
func partial(object fields) fields {
	return fields{
		"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": object["metadata"],
	}
}

// collection streams the objects that exist, a bookmark, and then what changes.
func (f *fakeAPI) collection(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("labelSelector") != "capstan.dev/managed=true" || r.URL.Query().Get("watch") == "" {
		http.Error(w, "only selected watches are expected", http.StatusBadRequest)
		return
	}
	shape := func(object fields) fields { return object }
	if strings.Contains(r.Header.Get("Accept"), "PartialObjectMetadata") {
		shape = partial
	}
	stream := make(chan fields, 100)
	f.mu.Lock()
	f.streams[r.URL.Path] = append(f.streams[r.URL.Path], stream)
	initial := slices.Collect(maps.Values(f.objects[r.URL.Path]))
	revision := strconv.Itoa(f.revision)
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	out := json.NewEncoder(w)
	if r.URL.Query().Get("sendInitialEvents") == "true" {
		for _, object := range initial {
			_ = out.Encode(fields{"type": "ADDED", "object": shape(object)})
		}
		_ = out.Encode(fields{"type": "BOOKMARK", "object": shape(fields{
			"apiVersion": "v1", "kind": "ConfigMap",
			"metadata": fields{
				"resourceVersion": revision, "annotations": fields{"k8s.io/initial-events-end": "true"},
			},
		})})
	}
	f.forward(w, r, stream, shape)
}

func (f *fakeAPI) forward(w http.ResponseWriter, r *http.Request, stream chan fields, shape func(fields) fields) {
	out := json.NewEncoder(w)
	for {
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case event, open := <-stream:
			if !open {
				return
			}
			object, _ := event["object"].(fields)
			_ = out.Encode(fields{"type": event["type"], "object": shape(object)})
		}
	}
}

// managed returns an object of application whose capstan-owned fields are owned.
func managed(apiVersion, kind, name, application, owned string) fields {
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		group = ""
	}
	id := fmt.Sprintf("%s:%s/%s:shop/%s", application, group, kind, name)
	return fields{
		"apiVersion": apiVersion, "kind": kind,
		"metadata": fields{
			"name": name, "namespace": "shop", "uid": name + "-uid",
			"labels":      fields{"capstan.dev/managed": "true"},
			"annotations": fields{"argocd.argoproj.io/tracking-id": id},
			"managedFields": []any{fields{
				"manager": "capstan", "operation": "Apply", "apiVersion": apiVersion, "fieldsType": "FieldsV1",
				"fieldsV1": fields{owned: fields{}},
			}},
		},
		"status": fields{"phase": "Running"},
	}
}
