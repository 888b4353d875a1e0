// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
	"github.com/capstan-dev/capstan/pkg/reconcile/queue"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
)

// workers is how many Rollouts are reconciled side by side.
const workers = 8

// Options are the parts that a Reconciler works with.
type Options struct {
	// Client reaches our own kinds.
	Client versioned.Interface
	// Host, HostObjects and HostMetadata reach the cluster that runs the pods.
	Host         kubernetes.Interface
	HostObjects  dynamic.Interface
	HostMetadata metadata.Interface
	// Rollouts is an indexer of all Rollouts, with RolloutIndexers.
	Rollouts cache.Indexer
	// Experiments is an indexer of all Experiments, with OwnerIndexers.
	Experiments cache.Indexer
	// Runs is an indexer of all AnalysisRuns, with OwnerIndexers.
	Runs      cache.Indexer
	Templates analyses.Templates
	Events    events.EventRecorder
	Clock     clock.Clock
	Metrics   *Metrics
}

// Reconciler carries Rollouts out.
type Reconciler struct {
	Options
	queue *queue.Queue
	fresh fresh
	told  *told
	// checked are the Rollouts whose analyses can be begun.
	checked *checked
	// host is where Rollouts run their pods.
	host *site
}

// New returns a Reconciler that does nothing until Run.
func New(options Options) (*Reconciler, error) {
	r := &Reconciler{
		Options: options,
		queue:   queue.New("rollouts", together),
		fresh: fresh{
			rollouts: written.Over(options.Rollouts), runs: written.Over(options.Runs),
			experiments: written.Over(options.Experiments),
		},
		told:    newTold(),
		checked: newChecked(),
	}
	var err error
	r.host, err = r.newSite(options.Host, options.HostObjects, options.HostMetadata)
	return r, err
}

// together puts all Rollouts into one lane.
func together(types.NamespacedName) string { return "" }

// Run waits for the caches of the host, then reconciles until ctx ends, and waits for the passes in progress. It may be
// called again: the caches outlive ctx, as an informer runs once.
func (r *Reconciler) Run(ctx context.Context) {
	r.host.start(context.WithoutCancel(ctx))
	if !cache.WaitForCacheSync(ctx.Done(), r.host.synced...) {
		return
	}
	r.queue.Work(ctx, workers, r.all, func(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
		return r.visit(klog.NewContext(ctx, klog.FromContext(ctx).WithValues("rollout", key)), key)
	})
}

// all are the Rollouts that there are.
func (r *Reconciler) all() []types.NamespacedName {
	var keys []types.NamespacedName
	for _, object := range r.Rollouts.List() {
		if rollout, isRollout := object.(*v1alpha1.Rollout); isRollout {
			keys = append(keys, types.NamespacedName{Namespace: rollout.Namespace, Name: rollout.Name})
		}
	}
	return keys
}

// visit reconciles the Rollout of a key. One that is gone, or going, needs nothing: the cluster collects what it owns.
func (r *Reconciler) visit(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
	rollout, err := r.fresh.rollout(key)
	if err != nil {
		return 0, err
	}
	if rollout == nil {
		r.told.forget(key)
		r.host.references.only(key, nil)
		r.checked.forget(key)
		r.Metrics.forget(key)
		return 0, nil
	}
	if _, others := rollout.Labels[v1alpha1.LabelControllerInstanceID]; others || rollout.DeletionTimestamp != nil {
		return 0, nil
	}
	started := r.Clock.Now()
	p := &pass{Reconciler: r, site: r.site(rollout)}
	again, err := p.reconcile(ctx, rollout)
	r.Metrics.observe(rollout, r.Clock.Since(started), err)
	return again, err
}

// pass is a visit of a Rollout at the site of its pods.
type pass struct {
	*Reconciler
	site *site
}

// site is where a Rollout runs its pods.
func (r *Reconciler) site(_ *v1alpha1.Rollout) *site { return r.host }
