// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
	"github.com/capstan-dev/capstan/pkg/reconcile/held"
	"github.com/capstan-dev/capstan/pkg/reconcile/queue"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// workers is how many Rollouts of one cluster are reconciled side by side: a cluster that hangs delays no other.
const workers = 8

// Options are the parts that a Reconciler works with.
type Options struct {
	// Client reaches our own kinds.
	Client versioned.Interface
	// Host reaches the cluster that runs the pods of Rollouts which name no other.
	Host cluster.Client
	// Clusters are the others.
	Clusters Clusters
	// Known reports whether all Clusters were read.
	Known func() bool
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
	host    *site
	sites   sites
}

// New returns a Reconciler that does nothing until Run.
func New(options Options) (*Reconciler, error) {
	r := &Reconciler{
		Options: options,
		sites:   sites{open: map[place]*site{}},
		fresh: fresh{
			rollouts: written.Over(options.Rollouts), runs: written.Over(options.Runs),
			experiments: written.Over(options.Experiments),
		},
		told:    newTold(),
		checked: newChecked(),
	}
	r.queue = queue.New("rollouts", r.lane)
	var err error
	r.host, err = r.newSite(place{}, cluster.Clients{Calls: options.Host, Watches: options.Host})
	return r, err
}

// lane is the cluster of a Rollout.
func (r *Reconciler) lane(key types.NamespacedName) string {
	object, _, _ := r.Rollouts.GetByKey(key.String()) // The caches of informers do not fail.
	if known, isRollout := object.(*v1alpha1.Rollout); isRollout {
		return rollout.ClusterOf(known)
	}
	return ""
}

// Run waits for the caches of the host, then reconciles until ctx ends, and waits for the passes in progress. It may be
// called again: the caches of the host outlive ctx, as an informer runs once.
func (r *Reconciler) Run(ctx context.Context) {
	defer r.sites.sweep(func(place) bool { return false })
	r.host.start()
	if !cache.WaitForCacheSync(ctx.Done(), r.host.synced...) {
		return
	}
	r.queue.Work(ctx, workers, r.all, func(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
		return r.visit(klog.NewContext(ctx, klog.FromContext(ctx).WithValues("rollout", key)), key)
	})
}

// all are the Rollouts that there are.
func (r *Reconciler) all() []types.NamespacedName { return queue.Keys(r.Rollouts) }

// visit reconciles the Rollout of a key. One that is gone, or going, needs nothing, as the cluster collects what it
// owns, unless that is in another cluster.
func (r *Reconciler) visit(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
	object, err := r.fresh.rollout(key)
	if err != nil {
		return 0, err
	}
	if object == nil {
		r.told.forget(key)
		r.unrefer(key)
		r.checked.forget(key)
		r.Metrics.forget(key)
		r.sites.sweep(r.inUse)
		return 0, nil
	}
	if object.DeletionTimestamp != nil {
		if held.Is(object) {
			return r.letGo(ctx, object)
		}
		return 0, nil
	}
	if _, others := object.Labels[v1alpha1.LabelControllerInstanceID]; others {
		return 0, nil
	}
	started := r.Clock.Now()
	again, err := r.pass(ctx, object)
	r.Metrics.observe(object, r.Clock.Since(started), err)
	return again, err
}

// pass takes a Rollout as far as it goes now in the cluster of its pods.
func (r *Reconciler) pass(ctx context.Context, object *v1alpha1.Rollout) (time.Duration, error) {
	at, err := r.site(ctx, object)
	if err != nil {
		return r.stay(ctx, object, err)
	}
	if object, err = r.hold(ctx, object); err != nil {
		return 0, err
	}
	again, err := (&pass{Reconciler: r, site: at}).reconcile(ctx, object)
	if err = at.unanswered(err); err != nil {
		return r.stay(ctx, object, err)
	}
	return again, nil
}

// pass is a visit of a Rollout at the site of its pods.
type pass struct {
	*Reconciler
	site *site
	// revisions are those of a workload that replaces its own pods, nil where they were not read.
	revisions []*appsv1.ReplicaSet
}
