// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
	"github.com/capstan-dev/capstan/pkg/generated/informers/externalversions"
)

// east is the API server of a destination.
type east struct {
	answers atomic.Bool
}

// ServeHTTP tells who the cluster is, unless it is down.
func (e *east) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body := map[string]string{
		"/version": `{"gitVersion":"v1.37.0"}`,
		"/api":     `{"kind":"APIVersions","versions":["v1"]}`,
		"/apis":    `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`,
		"/api/v1": `{"kind":"APIResourceList","groupVersion":"v1","resources":[
			{"name":"namespaces","kind":"Namespace","verbs":["get","list"]}]}`,
		"/api/v1/namespaces/kube-system": `{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"kube-system","uid":"east"}}`,
	}[request.URL.Path]
	w.Header().Set("Content-Type", "application/json")
	if !e.answers.Load() || body == "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		body = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"ServiceUnavailable","code":503}`
	}
	_, _ = fmt.Fprint(w, body) // Who hung up needs no answer.
}

// world is a store, a destination and a Mirror of it.
type world struct {
	*testing.T
	*east
	client *fake.Clientset
	known  *cluster.Cluster
	mirror *Mirror
}

// newWorld starts a world whose store holds some Clusters, and whose destination does not answer.
func newWorld(t *testing.T, stored ...runtime.Object) *world {
	t.Helper()
	w := &world{T: t, east: &east{}, client: fake.NewClientset(stored...)}
	server := httptest.NewServer(w.east)
	t.Cleanup(server.Close)
	clusters, err := cluster.NewClusters(cluster.Options{Connected: func() { w.mirror.Wake() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clusters.Close)
	to := cluster.Destination{Name: "east", Server: server.URL, Secret: "east", Config: &rest.Config{Host: server.URL}}
	if err = clusters.Set(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if w.known, err = clusters.ByName("east"); err != nil {
		t.Fatal(err)
	}
	nothing := func(string, string) {}
	objects := externalversions.NewSharedInformerFactory(w.client, 0)
	w.mirror = NewMirror(Mirror{
		Namespace: "argocd", Client: w.client, Objects: objects.Capstan().V1alpha1().Clusters().Lister(),
		Clusters: clusters, Registrar: NewRegistrar(nil, clusters, nothing), Changed: nothing,
	})
	objects.Start(t.Context().Done())
	objects.WaitForCacheSync(t.Context().Done())
	return w
}

// shows waits until the Cluster shows a connection, for much less long than until the next probe, and returns its UID.
func (w *world) shows(state capstan.ConnectionState) string {
	w.Helper()
	for range 500 {
		object, err := w.client.CapstanV1alpha1().Clusters().Get(w.Context(), "east", metav1.GetOptions{})
		if err == nil && object.Status.Connection.State == state {
			return string(object.Status.UID)
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.Fatalf("the Cluster does not become %s", state)
	return ""
}

func TestMirror(t *testing.T) {
	t.Parallel()
	t.Run("keeps a UID that is known where the destination is not reached", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, &capstan.Cluster{
			ObjectMeta: metav1.ObjectMeta{Name: "east"}, Status: capstan.ClusterStatus{UID: "east", Version: "v1.36.0"},
		})
		go w.mirror.Run(t.Context())
		if uid := w.shows(capstan.ConnectionFailed); uid != "east" {
			t.Errorf("the UID is %q", uid)
		}
	})
	t.Run("shows at once a UID that somebody else's connection told", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		go w.mirror.Run(t.Context())
		w.shows(capstan.ConnectionFailed)
		w.answers.Store(true)
		for w.known.Connect(t.Context()) != nil {
			time.Sleep(10 * time.Millisecond)
		}
		if uid := w.shows(capstan.ConnectionConnected); uid != "east" {
			t.Errorf("the UID is %q", uid)
		}
	})
	t.Run("writes again what was refused", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.answers.Store(true)
		var tries atomic.Int32
		w.client.PrependReactor("update", "clusters", func(clienttesting.Action) (bool, runtime.Object, error) {
			return tries.Add(1) <= 4, nil, errors.New("another one wrote it")
		})
		go w.mirror.Run(t.Context())
		if uid := w.shows(capstan.ConnectionConnected); uid != "east" {
			t.Errorf("the UID is %q", uid)
		}
	})
}
