// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// target is a destination of three kinds whose requests go to a handler.
type target struct {
	server *httptest.Server

	mu       sync.Mutex
	requests []string
	bodies   []string
	inFlight int
	most     int
}

func newTarget(t *testing.T, handler http.HandlerFunc) *target {
	t.Helper()
	d := &target{}
	d.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		d.mu.Lock()
		d.requests = append(d.requests, r.Method+" "+r.URL.String())
		d.bodies = append(d.bodies, string(body))
		d.inFlight++
		d.most = max(d.most, d.inFlight)
		d.mu.Unlock()
		handler(w, r)
		d.mu.Lock()
		d.inFlight--
		d.mu.Unlock()
	}))
	t.Cleanup(d.server.Close)
	return d
}

// Server identifies the target.
func (d *target) Server() string { return d.server.URL }

// Resource serves ConfigMaps, Secrets and Namespaces.
func (d *target) Resource(_ context.Context, gvk schema.GroupVersionKind) (cluster.Resource, error) {
	plurals := map[string]string{"ConfigMap": "configmaps", "Secret": "secrets", "Namespace": "namespaces"}
	if plurals[gvk.Kind] == "" {
		return cluster.Resource{}, &cluster.NoKindError{Cluster: "prod", Kind: gvk}
	}
	gvk.Version = "v1"
	return cluster.Resource{Kind: gvk, Name: plurals[gvk.Kind], Namespaced: gvk.Kind != "Namespace"}, nil
}

// Writer returns a client without limits.
func (d *target) Writer(context.Context) (rest.Interface, error) {
	config := metadata.ConfigFor(&rest.Config{Host: d.server.URL, QPS: -1})
	config.GroupVersion, config.APIPath = &schema.GroupVersion{}, "/"
	return rest.RESTClientFor(config)
}

func (d *target) sent() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.requests...)
}

const managedFields = `{"manager":"capstan","operation":"Apply","fieldsType":"FieldsV1","fieldsV1":{"f:data":{}}}`

// accepted answers as a server that took an apply.
func accepted(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata",
		"metadata":{"name":"c","uid":"u1","resourceVersion":"7","managedFields":[%s]}}`, managedFields)
}

func refused(code int, reason metav1.StatusReason, message string, causes ...metav1.StatusCause) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
			Status:   metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message,
			Details: &metav1.StatusDetails{Causes: causes},
		})
	}
}

func manifestOf(t *testing.T, text string) manifest.Manifest {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		t.Fatal(err)
	}
	m, err := manifest.New(object)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func applyOf(t *testing.T, kind, name string) apply.Change {
	t.Helper()
	const object = "{apiVersion: v1, kind: %s, metadata: {namespace: shop, name: %q}, data: {k: hunter2}}"
	return apply.Change{Action: apply.Apply, Manifest: manifestOf(t, fmt.Sprintf(object, kind, name))}
}

func deleteOf(t *testing.T, kind, name string) apply.Change {
	t.Helper()
	change := applyOf(t, kind, name)
	change.Action, change.UID = apply.Delete, "u1"
	return change
}

func one(t *testing.T, d *target, change apply.Change, options apply.Options) apply.Result {
	t.Helper()
	results := apply.NewApplier().Apply(t.Context(), d, []apply.Change{change}, options)
	if len(results) != 1 {
		t.Fatalf("%d results for one change", len(results))
	}
	return results[0]
}

func TestApply(t *testing.T) {
	t.Parallel()
	t.Run("sends the manifest's bytes and returns the baseline of the reply", func(t *testing.T) {
		t.Parallel()
		d := newTarget(t, accepted)
		change := applyOf(t, "ConfigMap", "c")
		want := apply.Result{
			Key: change.Manifest.Key, Version: "v1", Status: apply.Synced, Message: "serverside-applied",
			UID: "u1", ResourceVersion: 7, Owned: manifest.DigestOf([]byte(`{"f:data":{}}`)),
		}
		if diff := cmp.Diff(want, one(t, d, change, apply.Options{})); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
		request := "PATCH /api/v1/namespaces/shop/configmaps/c?fieldManager=capstan&fieldValidation=Strict&force=true"
		if diff := cmp.Diff([]string{request}, d.sent()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
		if d.bodies[0] != string(change.Manifest.JSON) {
			t.Errorf("body is %s", d.bodies[0])
		}
	})
	t.Run("understands a server that replies with the whole object", func(t *testing.T) {
		t.Parallel()
		d := newTarget(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"apiVersion":"x/v1","kind":"Old","metadata":{"uid":"u1","managedFields":[%s]}}`, managedFields)
		})
		if got := one(t, d, applyOf(t, "ConfigMap", "c"), apply.Options{}); got.UID != "u1" || got.Owned.IsZero() {
			t.Errorf("result is %+v", got)
		}
	})
	t.Run("writes nothing in a dry run", func(t *testing.T) {
		t.Parallel()
		d := newTarget(t, accepted)
		one(t, d, applyOf(t, "ConfigMap", "c"), apply.Options{DryRun: true})
		one(t, d, deleteOf(t, "ConfigMap", "c"), apply.Options{DryRun: true})
		if !strings.Contains(d.sent()[0], "dryRun=All") || !strings.Contains(d.bodies[1], `"dryRun":["All"]`) {
			t.Errorf("requests are %q with bodies %q", d.sent(), d.bodies)
		}
	})
	t.Run("creates a namespace without taking over what others set on it", func(t *testing.T) {
		t.Parallel()
		d := newTarget(t, accepted)
		change, err := apply.Namespace("shop", "web", map[string]string{"team": "a"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		one(t, d, change, apply.Options{})
		want := "PATCH /api/v1/namespaces/shop?fieldManager=capstan-namespace-" +
			manifest.DigestOf([]byte("web")).String() + "&fieldValidation=Strict&force=true"
		if diff := cmp.Diff([]string{want}, d.sent()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	})
	t.Run("keeps results in order and goes on after a failure", func(t *testing.T) {
		t.Parallel()
		d := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/bad") {
				refused(422, metav1.StatusReasonInvalid, "field is immutable")(w, r)
				return
			}
			accepted(w, r)
		})
		var changes []apply.Change
		for _, name := range []string{"a", "bad", "z"} {
			changes = append(changes, applyOf(t, "ConfigMap", name))
		}
		var got []string
		for _, result := range apply.NewApplier().Apply(t.Context(), d, changes, apply.Options{}) {
			got = append(got, result.Name+" "+string(result.Status)+" "+result.Message)
		}
		want := []string{"a Synced serverside-applied", "bad SyncFailed field is immutable", "z Synced serverside-applied"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
	})
}
