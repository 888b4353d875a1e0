// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	kubefake "k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
	"github.com/capstan-dev/capstan/pkg/reconcile/held"
)

// fleet is a reconciler with a host, and a registered cluster east of which a test decides whether it answers.
type fleet struct {
	*testing.T
	*Reconciler
	client   *fake.Clientset
	rollouts cache.Indexer
	clusters *cluster.Clusters
	known    atomic.Bool
	answers  atomic.Bool
	told     *events.FakeRecorder
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{T: t, client: fake.NewClientset(), told: events.NewFakeRecorder(100)}
	f.known.Store(true)
	f.answers.Store(true)
	f.client.PrependReactor("update", "rollouts", f.updateStatus)
	f.rollouts = cache.NewIndexer(cache.MetaNamespaceKeyFunc, RolloutIndexers())
	metrics, err := NewMetrics(prometheus.NewRegistry())
	f.must(err)
	f.clusters, err = cluster.NewClusters(cluster.Options{Timeout: 5 * time.Second})
	f.must(err)
	t.Cleanup(f.clusters.Close)
	f.Reconciler, err = New(Options{
		Client: f.client, Rollouts: f.rollouts, Runs: cache.NewIndexer(cache.MetaNamespaceKeyFunc, OwnerIndexers()),
		Experiments: cache.NewIndexer(cache.MetaNamespaceKeyFunc, OwnerIndexers()),
		Host:        cluster.Client{Typed: kubefake.NewClientset(), Objects: dynamicfake.NewSimpleDynamicClient(runtime.NewScheme())},
		Clusters:    f.clusters, Known: f.known.Load, Events: f.told, Metrics: metrics,
		Clock: clocktesting.NewFakeClock(time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)),
	})
	f.must(err)
	t.Cleanup(func() { f.sites.sweep(func(place) bool { return false }) })
	return f
}

// updateStatus writes a status and nothing else, as the server does.
func (f *fleet) updateStatus(action clienttesting.Action) (bool, runtime.Object, error) {
	update, is := action.(clienttesting.UpdateAction)
	sent, isRollout := update.GetObject().(*v1alpha1.Rollout)
	if !is || !isRollout || action.GetSubresource() != "status" {
		return false, nil, nil
	}
	kept, err := f.client.Tracker().Get(action.GetResource(), sent.Namespace, sent.Name)
	if err != nil {
		return true, nil, err
	}
	written, isRollout := kept.DeepCopyObject().(*v1alpha1.Rollout)
	if !isRollout {
		return false, nil, nil
	}
	written.Status = sent.Status
	return true, written, f.client.Tracker().Update(action.GetResource(), written, sent.Namespace)
}

func (f *fleet) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// register registers cluster east, of some namespaces or of all.
func (f *fleet) register(namespaces ...string) {
	f.Helper()
	server := httptest.NewTLSServer(f)
	f.Cleanup(server.Close)
	f.Cleanup(server.CloseClientConnections)
	f.must(f.clusters.Set(f.Context(), cluster.Destination{
		Name: "east", Server: server.URL, Secret: "east", Namespaces: namespaces,
		Config: &rest.Config{Host: server.URL, TLSClientConfig: rest.TLSClientConfig{
			CAData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		}},
	}))
}

// ServeHTTP is an API server without ReplicaSets and Services.
func (f *fleet) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if !f.answers.Load() {
		panic(http.ErrAbortHandler)
	}
	if request.URL.Query().Get("watch") != "" {
		if request.URL.Query().Get("sendInitialEvents") != "" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422}`)
			return
		}
		<-request.Context().Done()
		return
	}
	body := map[string]string{
		"/version": `{"gitVersion":"v1.37.0"}`,
		"/api":     `{"kind":"APIVersions","versions":["v1"]}`,
		"/apis":    `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`,
		"/api/v1": `{"kind":"APIResourceList","groupVersion":"v1","resources":[
			{"name":"namespaces","kind":"Namespace","verbs":["get","list"]}]}`,
		"/api/v1/namespaces/kube-system": `{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"kube-system","uid":"east"}}`,
	}[request.URL.Path]
	switch {
	case strings.HasSuffix(request.URL.Path, "/replicasets"):
		body = `{"kind":"ReplicaSetList","apiVersion":"apps/v1","metadata":{"resourceVersion":"1"},"items":[]}`
	case strings.HasSuffix(request.URL.Path, "/services"):
		body = `{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}`
	}
	w.Header().Set("Content-Type", "application/json")
	if body == "" {
		w.WriteHeader(http.StatusNotFound)
		body = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`
	}
	_, _ = fmt.Fprint(w, body) // Who hung up needs no answer.
}

// rollout puts a Rollout of cluster east into the store.
func (f *fleet) rollout(namespace string, change func(*v1alpha1.Rollout)) *v1alpha1.Rollout {
	f.Helper()
	object := &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{
		Name: "web", Namespace: namespace, UID: types.UID("uid-" + namespace), ResourceVersion: "1", Generation: 1,
		Annotations: map[string]string{v1alpha1.AnnotationCluster: "east"},
	}}
	object.Status.Phase, object.Status.StableRS = v1alpha1.RolloutPhasePaused, "stable"
	change(object)
	_, err := f.client.ArgoprojV1alpha1().Rollouts(namespace).Create(f.Context(), object, metav1.CreateOptions{})
	f.must(err)
	f.must(f.rollouts.Add(object))
	f.client.ClearActions()
	return object
}

func asItIs(*v1alpha1.Rollout) {}

// stored is a Rollout as it was written last.
func (f *fleet) stored(namespace string) *v1alpha1.Rollout {
	f.Helper()
	object, err := f.client.ArgoprojV1alpha1().Rollouts(namespace).Get(f.Context(), "web", metav1.GetOptions{})
	f.must(err)
	return object
}

func conditionOf(object *v1alpha1.Rollout, kind v1alpha1.RolloutConditionType) string {
	for _, condition := range object.Status.Conditions {
		if condition.Type == kind {
			return condition.Message
		}
	}
	return ""
}

func (f *fleet) visited(namespace string) time.Duration {
	f.Helper()
	again, err := f.visit(f.Context(), types.NamespacedName{Namespace: namespace, Name: "web"})
	f.must(err)
	return again
}

func TestAClusterThatNobodyRegisteredIsTheUsersToRegister(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.rollout("shop", asItIs)
	f.known.Store(false)
	if again := f.visited("shop"); again == 0 || len(f.client.Actions()) > 0 {
		t.Errorf("before the clusters are known it writes %v, and looks again after %s", f.client.Actions(), again)
	}
	f.known.Store(true)
	f.visited("shop")
	stored := f.stored("shop")
	if said := conditionOf(stored, v1alpha1.RolloutInvalidSpec); !strings.Contains(said, v1alpha1.AnnotationCluster) ||
		!strings.Contains(said, `"east"`) {
		t.Errorf("InvalidSpec says %q", said)
	}
	f.register("other")
	f.must(f.rollouts.Update(stored))
	f.visited("shop")
	if said := conditionOf(f.stored("shop"), v1alpha1.RolloutInvalidSpec); !strings.Contains(said, `without namespace "shop"`) {
		t.Errorf("InvalidSpec says %q", said)
	}
}

func TestASiteIsThereWhileARolloutNeedsIt(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.register()
	one, two := f.rollout("one", asItIs), f.rollout("two", asItIs)
	first, err := f.site(t.Context(), one)
	f.must(err)
	again, err := f.site(t.Context(), two)
	f.must(err)
	if first != again {
		t.Error("two Rollouts of a cluster do not share its site")
	}
	host, err := f.site(t.Context(), &v1alpha1.Rollout{})
	f.must(err)
	if host != f.host || host == first {
		t.Error("a Rollout that names no cluster does not run in the host")
	}
	f.must(f.rollouts.Delete(one))
	f.visited("one")
	if first.closed() {
		t.Error("the site ended while a Rollout needs it")
	}
	f.must(f.rollouts.Delete(two))
	f.visited("two")
	if !first.closed() {
		t.Error("the site is kept although no Rollout needs it")
	}
}

func TestASiteEndsWithTheRegistrationOfItsCluster(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.register()
	one := f.rollout("one", asItIs)
	opened, err := f.site(t.Context(), one)
	f.must(err)
	for _, known := range f.clusters.List() {
		f.must(f.clusters.Remove(t.Context(), known.Server(), "east"))
	}
	select {
	case <-opened.ended:
	case <-time.After(10 * time.Second):
		t.Error("the caches of a cluster go on that is not registered")
	}
}

func TestASiteIsOfTheConnectionThatIsLentNow(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.register()
	before, err := f.site(t.Context(), f.rollout("one", asItIs))
	f.must(err)
	known, err := f.clusters.ByName("east")
	f.must(err)
	clients, err := known.Clients(t.Context())
	f.must(err)
	old := clients.Ended
	// The connection is another one, and nobody has closed the site of the former yet.
	clients.Ended = make(chan struct{})
	now, err := f.opened(before.place, clients)
	f.must(err)
	if now == before || !before.closed() {
		t.Error("the site of the former connection is used still")
	}
	again, err := f.opened(before.place, clients)
	f.must(err)
	if again != now {
		t.Error("one connection has two sites")
	}
	ended := make(chan struct{})
	close(ended)
	clients.Ended = ended
	if _, err = f.opened(before.place, clients); !errors.Is(err, errNotKnown) || now.closed() {
		t.Errorf("a connection that ended has a site: %v", err)
	}
	if before.lent != old {
		t.Error("the site does not know whose clients it has")
	}
}

func TestAClusterThatIsAwayChangesNothingButACondition(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.register()
	object := f.rollout("shop", func(r *v1alpha1.Rollout) { r.Finalizers = []string{v1alpha1.FinalizerCluster} })
	opened, err := f.site(t.Context(), object)
	f.must(err)
	f.answers.Store(false)
	known, err := f.clusters.ByName("east")
	f.must(err)
	if known.Probe(t.Context()) == nil {
		t.Fatal("the cluster answers")
	}
	if again := f.visited("shop"); again == 0 {
		t.Error("nobody looks whether the cluster is back")
	}
	stored := f.stored("shop")
	if said := conditionOf(stored, v1alpha1.RolloutClusterUnreachable); !strings.Contains(said, "cluster east is unreachable") {
		t.Errorf("ClusterUnreachable says %q", said)
	}
	if stored.Status.Phase != v1alpha1.RolloutPhasePaused || stored.Status.StableRS != "stable" {
		t.Errorf("the status became %+v", stored.Status)
	}
	f.must(f.rollouts.Update(stored))
	f.client.ClearActions()
	f.visited("shop")
	if len(f.client.Actions()) > 0 {
		t.Errorf("the second visit writes %v", f.client.Actions())
	}
	if !opened.closed() {
		t.Error("what was read before the cluster went away is kept")
	}
	f.answers.Store(true)
	var fresh *site
	for range 50 {
		if fresh, err = f.site(t.Context(), object); err == nil {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	if err != nil || fresh == opened {
		t.Errorf("once the cluster is back it is not read anew: %v", err)
	}
}

func TestADeletionThatMustWaitSaysWhy(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.rollout("shop", func(r *v1alpha1.Rollout) {
		r.Finalizers, r.DeletionTimestamp = []string{v1alpha1.FinalizerCluster}, &metav1.Time{Time: time.Unix(1, 0)}
	})
	if again := f.visited("shop"); again == 0 {
		t.Error("nobody looks again")
	}
	stored := f.stored("shop")
	said := conditionOf(stored, v1alpha1.RolloutClusterUnreachable)
	if !strings.Contains(said, "it is not deleted") || !strings.Contains(said, v1alpha1.FinalizerCluster) {
		t.Errorf("the condition says %q", said)
	}
	if !held.Is(stored) {
		t.Error("the Rollout goes before its ReplicaSets")
	}
	f.register()
	f.visited("shop")
	if held.Is(f.stored("shop")) {
		t.Error("no ReplicaSet is left, and the Rollout stays")
	}
}
