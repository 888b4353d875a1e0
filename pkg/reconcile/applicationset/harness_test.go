// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
)

const guestbook = `
metadata: {name: guestbook, namespace: argocd, uid: set-uid}
spec:
  generators:
  - clusters: {}
  template:
    metadata: {name: '{{name}}-guestbook'}
    spec:
      project: default
      source: {repoURL: https://github.com/org/gitops-repo, targetRevision: HEAD,
        path: 'apps/guestbook/overlays/{{name}}'}
      destination: {server: '{{server}}', namespace: guestbook}
      syncPolicy: {automated: {prune: true, selfHeal: true}}
`

// world is a store, what the watches have told of it, and a reconciler.
type world struct {
	*testing.T
	*Reconciler
	client *fake.Clientset
	sets   cache.Indexer
	clock  *clocktesting.FakeClock
	ready  bool
}

func guestbookKey() types.NamespacedName {
	return types.NamespacedName{Namespace: "argocd", Name: "guestbook"}
}

func newWorld(t *testing.T, servers ...string) *world {
	t.Helper()
	clusters, err := cluster.NewClusters(cluster.Options{Host: &rest.Config{Host: "https://host"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(clusters.Close)
	w := &world{T: t, client: fake.NewClientset(), ready: true, clock: clocktesting.NewFakeClock(time.Unix(1e9, 0))}
	w.sets = cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{
		cache.NamespaceIndex: cache.MetaNamespaceIndexFunc,
	})
	w.Reconciler = New(Options{
		Namespace: "argocd", Client: w.client, Sets: listers.NewApplicationSetLister(w.sets),
		Applications: cache.NewIndexer(cache.MetaNamespaceKeyFunc, Indexers()),
		Clusters:     clusters, Ready: func() bool { return w.ready }, Clock: w.clock,
		Events: events.NewFakeRecorder(1000), Gated: func(*v1alpha1.Application) bool { return false },
	})
	for _, name := range servers {
		w.register(name)
	}
	return w
}

func (w *world) register(name string) {
	w.Helper()
	server := "https://" + name + ".example"
	err := w.Clusters.Set(w.Context(), cluster.Destination{
		Name: name, Server: server, Secret: name, Config: &rest.Config{Host: server},
	})
	if err != nil {
		w.Fatal(err)
	}
}

// apply puts a set into the store.
func (w *world) apply(text string) {
	w.Helper()
	set := &v1alpha1.ApplicationSet{}
	if err := yaml.Unmarshal([]byte(text), set); err != nil {
		w.Fatal(err)
	}
	w.put(set)
}

func (w *world) put(object any) {
	w.Helper()
	var err error
	switch object := object.(type) {
	case *v1alpha1.ApplicationSet:
		sets := w.client.ArgoprojV1alpha1().ApplicationSets(object.Namespace)
		if _, err = sets.Get(w.Context(), object.Name, metav1.GetOptions{}); err == nil {
			_, err = sets.Update(w.Context(), object, metav1.UpdateOptions{})
		} else {
			_, err = sets.Create(w.Context(), object, metav1.CreateOptions{})
		}
	case *v1alpha1.Application:
		apps := w.client.ArgoprojV1alpha1().Applications(object.Namespace)
		_, err = apps.Create(w.Context(), object, metav1.CreateOptions{})
	}
	if err != nil {
		w.Fatal(err)
	}
}

// watch tells the reconciler of all that is in the store.
func (w *world) watch() {
	w.Helper()
	sets, err := w.client.ArgoprojV1alpha1().ApplicationSets("").List(w.Context(), metav1.ListOptions{})
	if err != nil {
		w.Fatal(err)
	}
	apps, err := w.client.ArgoprojV1alpha1().Applications("").List(w.Context(), metav1.ListOptions{})
	if err != nil {
		w.Fatal(err)
	}
	var all, others []any
	for i := range sets.Items {
		all = append(all, &sets.Items[i])
	}
	for i := range apps.Items {
		others = append(others, &apps.Items[i])
	}
	if err := w.sets.Replace(all, ""); err != nil {
		w.Fatal(err)
	}
	if err := w.Applications.Replace(others, ""); err != nil {
		w.Fatal(err)
	}
}

// pass lets the watches tell, reconciles once, and returns the requests that were made.
func (w *world) pass() []string {
	w.Helper()
	w.watch()
	w.client.ClearActions()
	if _, err := w.visit(w.Context(), guestbookKey()); err != nil {
		w.Log(err)
	}
	var requests []string
	for _, action := range w.client.Actions() {
		request := action.GetVerb() + " " + action.GetResource().Resource
		if action.GetSubresource() != "" {
			request += "/" + action.GetSubresource()
		}
		requests = append(requests, request)
	}
	slices.Sort(requests)
	return requests
}

func (w *world) set() *v1alpha1.ApplicationSet {
	w.Helper()
	set, err := w.client.ArgoprojV1alpha1().ApplicationSets("argocd").Get(w.Context(), "guestbook", metav1.GetOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return set
}

// names are the Applications in the store.
func (w *world) names() string {
	w.Helper()
	apps, err := w.client.ArgoprojV1alpha1().Applications("argocd").List(w.Context(), metav1.ListOptions{})
	if err != nil {
		w.Fatal(err)
	}
	var names []string
	for _, app := range apps.Items {
		names = append(names, app.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// condition is "Status Reason" of a condition.
func (w *world) condition(kind v1alpha1.ApplicationSetConditionType) string {
	w.Helper()
	condition := conditionOf(w.set().Status, kind)
	return string(condition.Status) + " " + condition.Reason
}

func policyOf(t *testing.T, text string) *v1alpha1.ApplicationSetSyncPolicy {
	t.Helper()
	policy := &v1alpha1.ApplicationSetSyncPolicy{}
	if err := yaml.Unmarshal([]byte("{"+text+"}"), policy); err != nil {
		t.Fatal(err)
	}
	return policy
}
