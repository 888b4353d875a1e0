// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
)

// world is a store, the cluster of the pods, what watches have told of both, and a reconciler.
type world struct {
	*testing.T
	*Reconciler
	client    *fake.Clientset
	host      *kubefake.Clientset
	templates cache.Indexer
	clock     *clocktesting.FakeClock
	told      *events.FakeRecorder
}

const comparison = `
metadata: {name: ab, namespace: shop, uid: uid}
spec:
  duration: 10m
  analyses: [{name: errors, templateName: errors, args: [{name: hash, value: "{{templates.new.podTemplateHash}}"}]}]
  templates:
  - name: new
    replicas: 2
    selector: {matchLabels: {app: shop}}
    service: {}
    template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: shop, ports: [{containerPort: 80}]}]}}
`

const errorsTemplate = `
metadata: {name: errors, namespace: shop}
spec: {args: [{name: hash}], metrics: [{name: errors, provider: {web: {url: "http://{{args.hash}}"}}}]}
`

func newWorld(t *testing.T) *world {
	t.Helper()
	metrics, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	owned := func() cache.Indexer {
		return cache.NewIndexer(cache.MetaNamespaceKeyFunc, written.OwnerIndexers(Kind))
	}
	w := &world{
		T: t, client: fake.NewClientset(), host: kubefake.NewClientset(), told: events.NewFakeRecorder(1000),
		clock: clocktesting.NewFakeClock(time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)),
		templates: cache.NewIndexer(cache.MetaNamespaceKeyFunc,
			cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}),
	}
	w.host.PrependReactor("create", "*", identify(w.host.Tracker()))
	w.client.PrependReactor("create", "*", identify(w.client.Tracker()))
	w.Reconciler = New(Options{
		Client: w.client, Host: w.host, Experiments: cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil),
		Runs: owned(), Sets: owned(), Services: owned(), Events: w.told, Clock: w.clock, Metrics: metrics,
		Templates: analyses.Templates{
			Namespaced: listers.NewAnalysisTemplateLister(w.templates),
			Cluster:    listers.NewClusterAnalysisTemplateLister(cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil)),
		},
	})
	template, experiment := &v1alpha1.AnalysisTemplate{}, &v1alpha1.Experiment{}
	for text, object := range map[string]any{errorsTemplate: template, comparison: experiment} {
		if err = yaml.UnmarshalStrict([]byte(text), object); err != nil {
			t.Fatal(err)
		}
	}
	must(t, w.templates.Add(template))
	must(t, w.client.Tracker().Add(experiment))
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// identify stores what is created with a UID, as a server does.
func identify(tracker clienttesting.ObjectTracker) clienttesting.ReactionFunc {
	return func(action clienttesting.Action) (bool, runtime.Object, error) {
		create, is := action.(clienttesting.CreateAction)
		if !is {
			return false, nil, nil
		}
		object := create.GetObject().DeepCopyObject()
		if named, isObject := object.(metav1.Object); isObject && named.GetUID() == "" {
			named.SetUID(types.UID("uid-of-" + named.GetName()))
		}
		return true, object, tracker.Create(action.GetResource(), object, action.GetNamespace())
	}
}

// watch lets the caches show what there is.
func (w *world) watch() {
	w.Helper()
	ctx, all := w.Context(), metav1.ListOptions{}
	sets, err := w.host.AppsV1().ReplicaSets("").List(ctx, all)
	must(w.T, err)
	services, err := w.host.CoreV1().Services("").List(ctx, all)
	must(w.T, err)
	runs, err := w.client.ArgoprojV1alpha1().AnalysisRuns("").List(ctx, all)
	must(w.T, err)
	experiments, err := w.client.ArgoprojV1alpha1().Experiments("").List(ctx, all)
	must(w.T, err)
	must(w.T, w.Sets.Replace(pointers(sets.Items), ""))
	must(w.T, w.Services.Replace(pointers(services.Items), ""))
	must(w.T, w.Runs.Replace(pointers(runs.Items), ""))
	must(w.T, w.Experiments.Replace(pointers(experiments.Items), ""))
}

func pointers[T any](items []T) []any {
	var all []any
	for i := range items {
		all = append(all, &items[i])
	}
	return all
}

// visitNow reconciles once without letting the caches show anything new, and returns the writes.
func (w *world) visitNow() (string, error) {
	w.Helper()
	w.client.ClearActions()
	w.host.ClearActions()
	_, err := w.visit(w.Context(), types.NamespacedName{Namespace: "shop", Name: "ab"})
	var writes []string
	for _, action := range append(w.host.Actions(), w.client.Actions()...) {
		if verb := action.GetVerb(); verb != "get" && verb != "list" {
			writes = append(writes, verb+" "+action.GetResource().Resource)
		}
	}
	return strings.Join(writes, ", "), err
}

// pass lets the caches show what there is, reconciles once, and returns the writes.
func (w *world) pass() string {
	w.Helper()
	w.watch()
	writes, err := w.visitNow()
	must(w.T, err)
	return writes
}

// expect passes and compares the writes.
func (w *world) expect(writes string) {
	w.Helper()
	if got := w.pass(); got != writes {
		w.Fatalf("writes %q, want %q", got, writes)
	}
	if got := w.pass(); got != "" {
		w.Fatalf("a pass in which nothing is new wrote %q", got)
	}
}

// available lets all pods of the ReplicaSet be available.
func (w *world) available(count int32) {
	w.Helper()
	set, err := w.host.AppsV1().ReplicaSets("shop").Get(w.Context(), "ab-new", metav1.GetOptions{})
	must(w.T, err)
	set.Status.Replicas, set.Status.ReadyReplicas, set.Status.AvailableReplicas = count, count, count
	_, err = w.host.AppsV1().ReplicaSets("shop").UpdateStatus(w.Context(), set, metav1.UpdateOptions{})
	must(w.T, err)
}

// found lets an AnalysisRun say what it found.
func (w *world) found(name string, phase v1alpha1.AnalysisPhase) {
	w.Helper()
	run := w.run(name)
	run.Status.Phase = phase
	_, err := w.client.ArgoprojV1alpha1().AnalysisRuns("shop").UpdateStatus(w.Context(), run, metav1.UpdateOptions{})
	must(w.T, err)
}

func (w *world) run(name string) *v1alpha1.AnalysisRun {
	w.Helper()
	run, err := w.client.ArgoprojV1alpha1().AnalysisRuns("shop").Get(w.Context(), name, metav1.GetOptions{})
	must(w.T, err)
	return run
}

// experiment is the one in the store.
func (w *world) experiment() *v1alpha1.Experiment {
	w.Helper()
	experiment, err := w.client.ArgoprojV1alpha1().Experiments("shop").Get(w.Context(), "ab", metav1.GetOptions{})
	must(w.T, err)
	return experiment
}

// events are those since the last call.
func (w *world) events() []string {
	var all []string
	for len(w.told.Events) > 0 {
		all = append(all, <-w.told.Events)
	}
	return all
}
