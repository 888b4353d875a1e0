// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/experiment"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
	"github.com/capstan-dev/capstan/pkg/reconcile/held"
	"github.com/capstan-dev/capstan/pkg/reconcile/queue"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
)

const (
	// Kind is the kind that this controller carries out.
	Kind = "Experiment"
	// workers is how many Experiments of one namespace are reconciled side by side.
	workers = 4
)

// Options are the parts that a Reconciler works with.
type Options struct {
	// Client reaches our own kinds.
	Client versioned.Interface
	// Host reaches the cluster that runs the pods of Experiments which name no other.
	Host kubernetes.Interface
	// Clusters are the others.
	Clusters Clusters
	// Experiments is an indexer of all Experiments.
	Experiments cache.Indexer
	// Runs, Sets and Services are indexers of at least those that Experiments own, with written.OwnerIndexers of Kind; the
	// last two are of the host.
	Runs, Sets, Services cache.Indexer
	Templates            analyses.Templates
	Events               events.EventRecorder
	Clock                clock.Clock
	Metrics              *Metrics
}

// Reconciler carries Experiments out.
type Reconciler struct {
	Options
	queue *queue.Queue
	// What there is, as the caches show it or as it was written.
	experiments, runs cache.MutationCache
	host              *site
}

// New returns a Reconciler that does nothing until Run.
func New(options Options) *Reconciler {
	r := &Reconciler{
		Options: options, experiments: written.Over(options.Experiments), runs: written.Over(options.Runs),
		host: &site{
			client: options.Host, sets: written.Over(options.Sets), services: written.Over(options.Services),
		},
	}
	r.queue = queue.New("experiments", r.lane)
	return r
}

// lane is the cluster of an Experiment, or the namespace of one that runs in the host.
func (r *Reconciler) lane(key types.NamespacedName) string {
	object, found, err := written.Get[*v1alpha1.Experiment](r.experiments, key.String())
	if err == nil && found && experiment.ClusterOf(object) != "" {
		return "cluster/" + experiment.ClusterOf(object)
	}
	return key.Namespace
}

// Run reconciles until ctx ends, then waits for the passes in progress. It may be called again.
func (r *Reconciler) Run(ctx context.Context) {
	r.queue.Work(ctx, workers, r.all, func(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
		return r.visit(klog.NewContext(ctx, klog.FromContext(ctx).WithValues("experiment", key)), key)
	})
}

// all are the Experiments that there are.
func (r *Reconciler) all() []types.NamespacedName { return queue.Keys(r.Experiments) }

// visit reconciles the Experiment of a key. One that is gone, or going, needs nothing, as the cluster collects what it
// owns, unless that is in another cluster.
func (r *Reconciler) visit(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
	object, found, err := written.Get[*v1alpha1.Experiment](r.experiments, key.String())
	if err != nil {
		return 0, err
	}
	if !found {
		r.Metrics.forget(key)
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
	r.Metrics.observe(key, r.Clock.Since(started), err)
	return again, err
}

// pass takes an Experiment as far as it goes now in the cluster of its pods.
func (r *Reconciler) pass(ctx context.Context, object *v1alpha1.Experiment) (time.Duration, error) {
	at, err := r.site(ctx, object)
	if err == nil {
		object, err = r.hold(ctx, object)
	}
	again := time.Duration(0)
	if err == nil {
		again, err = (&pass{Reconciler: r, site: at}).reconcile(ctx, object)
	}
	if experiment.ClusterOf(object) != "" && unanswered(err) {
		return r.stay(ctx, object, experiment.Away, err)
	}
	return again, err
}

// pass is a visit of an Experiment at the site of its pods.
type pass struct {
	*Reconciler
	site *site
}
