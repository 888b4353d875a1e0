// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	kubefake "k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/analysis/provider"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
)

// world is a store, what the watch has told of it, the host cluster, and a reconciler.
type world struct {
	*testing.T
	*Reconciler
	client *fake.Clientset
	host   *kubefake.Clientset
	runs   cache.Indexer
	jobs   dynamic.NamespaceableResourceInterface
	clock  *clocktesting.FakeClock
	told   *events.FakeRecorder
}

const secrets = `
metadata: {name: token, namespace: team}
data: {key: czNjcmV0}
`

func newWorld(t *testing.T) *world {
	t.Helper()
	secret := &corev1.Secret{}
	scheme := runtime.NewScheme()
	metrics, err := NewMetrics(prometheus.NewRegistry())
	for _, err := range []error{err, yaml.Unmarshal([]byte(secrets), secret), batchv1.AddToScheme(scheme)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	jobs := dynamicfake.NewSimpleDynamicClient(scheme)
	w := &world{
		T: t, client: fake.NewClientset(), host: kubefake.NewClientset(secret), told: events.NewFakeRecorder(1000),
		runs:  cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}),
		jobs:  jobs.Resource(batchv1.SchemeGroupVersion.WithResource("jobs")),
		clock: clocktesting.NewFakeClock(time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)),
	}
	network := provider.Network{Loopback: true}
	w.Reconciler = New(Options{
		Namespace: "argocd", Client: w.client, Runs: listers.NewAnalysisRunLister(w.runs), Secrets: w.host.CoreV1(),
		Events: w.told, Clock: w.clock, Metrics: metrics,
		Providers: map[string]Provider{
			"web": provider.Web{Network: network}, "prometheus": provider.Prometheus{Network: network},
			"job": provider.Job{Client: jobs, Namespace: "argocd"},
		},
	})
	return w
}

// start puts a run into the store.
func (w *world) start(namespace, spec string) {
	w.Helper()
	run := &v1alpha1.AnalysisRun{}
	text := `{metadata: {name: run, namespace: ` + namespace + `, uid: run-uid}, spec: ` + spec + `}`
	if err := yaml.Unmarshal([]byte(text), run); err != nil {
		w.Fatal(err)
	}
	_, err := w.client.ArgoprojV1alpha1().AnalysisRuns(namespace).Create(w.Context(), run, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
}

// pass lets the watch tell, reconciles once, and returns when to come again and the writes to the store.
func (w *world) pass() (time.Duration, string) {
	w.Helper()
	list, err := w.client.ArgoprojV1alpha1().AnalysisRuns("").List(w.Context(), metav1.ListOptions{})
	if err != nil {
		w.Fatal(err)
	}
	var all []any
	var key types.NamespacedName
	for i := range list.Items {
		all = append(all, &list.Items[i])
		key = keyOf(&list.Items[i])
	}
	if err = w.runs.Replace(all, ""); err != nil {
		w.Fatal(err)
	}
	w.client.ClearActions()
	again, err := w.visit(w.Context(), key)
	if err != nil {
		w.Fatal(err)
	}
	var writes []string
	for _, action := range w.client.Actions() {
		writes = append(writes, action.GetVerb()+" "+action.GetSubresource())
	}
	return again, strings.TrimSpace(strings.Join(writes, ", "))
}

// status is that of the run in the store.
func (w *world) status(namespace string) v1alpha1.AnalysisRunStatus {
	w.Helper()
	run, err := w.client.ArgoprojV1alpha1().AnalysisRuns(namespace).Get(w.Context(), "run", metav1.GetOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return run.Status
}

// events are those since the last call.
func (w *world) events() []string {
	var all []string
	for len(w.told.Events) > 0 {
		all = append(all, <-w.told.Events)
	}
	return all
}
