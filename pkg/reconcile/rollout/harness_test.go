// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
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
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/fake"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
	"github.com/capstan-dev/capstan/pkg/reconcile/queue"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
)

// world is a store, the cluster of the pods, what watches have told of both, and a reconciler.
type world struct {
	*testing.T
	*pass
	client *fake.Clientset
	host   *kubefake.Clientset
	sets   cache.Indexer
	told   *events.FakeRecorder
}

const guestbook = `
metadata: {name: guestbook, namespace: shop, uid: uid, generation: 1}
spec:
  replicas: 2
  selector: {matchLabels: {app: guestbook}}
  template: {metadata: {labels: {app: guestbook}}, spec: {containers: [{name: web, image: "web:1"}]}}
  strategy: {canary: {}}
`

// newWorld returns a world with a Rollout, whose cluster adds a restart policy to pod templates.
func newWorld(t *testing.T) *world {
	t.Helper()
	metrics, err := NewMetrics(prometheus.NewRegistry())
	must(t, err)
	owned := func() cache.Indexer { return cache.NewIndexer(cache.MetaNamespaceKeyFunc, OwnerIndexers()) }
	w := &world{
		T: t, client: fake.NewClientset(), host: kubefake.NewClientset(), sets: owned(), told: events.NewFakeRecorder(1000),
	}
	options := Options{
		Client: w.client, Host: cluster.Client{Typed: w.host}, Rollouts: cache.NewIndexer(cache.MetaNamespaceKeyFunc, RolloutIndexers()),
		Runs: owned(), Experiments: owned(), Events: w.told, Metrics: metrics,
		Clock: clocktesting.NewFakeClock(time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)),
	}
	waiting := queue.New("rollouts", func(types.NamespacedName) string { return "" })
	w.pass = &pass{
		Reconciler: &Reconciler{
			Options: options, queue: waiting, told: newTold(), checked: newChecked(),
			fresh: fresh{
				rollouts: written.Over(options.Rollouts), runs: written.Over(options.Runs),
				experiments: written.Over(options.Experiments),
			},
		},
		site: &site{
			client: w.host, references: newReferences(cluster.Clients{}, waiting.Add, nil), sets: written.Over(w.sets),
			services: written.Over(cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil)),
		},
	}
	w.host.PrependReactor("create", "replicasets", w.make)
	w.client.PrependReactor("update", "rollouts", w.keepSpec)
	object := &v1alpha1.Rollout{}
	must(t, yaml.UnmarshalStrict([]byte(guestbook), object))
	must(t, w.client.Tracker().Add(object))
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// make makes a ReplicaSet as a server does: with defaults and a UID, and not at all in a dry run.
func (w *world) make(action clienttesting.Action) (bool, runtime.Object, error) {
	create, isCreate := action.(clienttesting.CreateActionImpl)
	set, isSet := create.GetObject().DeepCopyObject().(*appsv1.ReplicaSet)
	if !isCreate || !isSet {
		return false, nil, nil
	}
	set.Spec.Template.Spec.RestartPolicy = "Always"
	if len(create.CreateOptions.DryRun) > 0 {
		return true, set, nil
	}
	set.UID = types.UID("uid-of-" + set.Name)
	return true, set, w.host.Tracker().Create(action.GetResource(), set, set.Namespace)
}

// keepSpec writes a status as a server does: it changes nothing else.
func (w *world) keepSpec(action clienttesting.Action) (bool, runtime.Object, error) {
	update, isUpdate := action.(clienttesting.UpdateAction)
	if !isUpdate || action.GetSubresource() != "status" {
		return false, nil, nil
	}
	body, isRollout := update.GetObject().(*v1alpha1.Rollout)
	stored, err := w.client.Tracker().Get(action.GetResource(), body.Namespace, body.Name)
	if !isRollout || err != nil {
		return true, nil, err
	}
	kept, isRollout := stored.DeepCopyObject().(*v1alpha1.Rollout)
	if !isRollout {
		return false, nil, nil
	}
	kept.Status = body.Status
	return true, kept, w.client.Tracker().Update(action.GetResource(), kept, kept.Namespace)
}

// rollout is the Rollout in the store.
func (w *world) rollout() *v1alpha1.Rollout {
	w.Helper()
	object, err := w.client.ArgoprojV1alpha1().Rollouts("shop").Get(w.Context(), "guestbook", metav1.GetOptions{})
	must(w.T, err)
	return object
}

// visit lets the caches show what there is, and reconciles once.
func (w *world) visit() error {
	w.Helper()
	list, err := w.host.AppsV1().ReplicaSets("").List(w.Context(), metav1.ListOptions{})
	must(w.T, err)
	var sets []any
	for i := range list.Items {
		sets = append(sets, &list.Items[i])
	}
	must(w.T, w.sets.Replace(sets, ""))
	_, err = w.reconcile(w.Context(), w.rollout())
	return err
}

// set is the only ReplicaSet of the Rollout.
func (w *world) set() *appsv1.ReplicaSet {
	w.Helper()
	list, err := w.host.AppsV1().ReplicaSets("").List(w.Context(), metav1.ListOptions{})
	must(w.T, err)
	if len(list.Items) != 1 {
		w.Fatalf("%d ReplicaSets, want one", len(list.Items))
	}
	return &list.Items[0]
}

// heard are the Events since the last call.
func (w *world) heard() []string {
	var all []string
	for len(w.told.Events) > 0 {
		all = append(all, <-w.told.Events)
	}
	return all
}

// measure gives the Rollout an analysis in the background, of templates that are read through listers.
func (w *world) measure(templates analyses.Templates) {
	w.Helper()
	w.Templates = templates
	object := w.rollout()
	object.Spec.Strategy.Canary.Analysis = &v1alpha1.RolloutAnalysisBackground{RolloutAnalysis: v1alpha1.RolloutAnalysis{
		Templates: []v1alpha1.AnalysisTemplateRef{{TemplateName: "errors"}},
	}}
	_, err := w.client.ArgoprojV1alpha1().Rollouts("shop").Update(w.Context(), object, metav1.UpdateOptions{})
	must(w.T, err)
	must(w.T, w.Rollouts.Add(object))
}
