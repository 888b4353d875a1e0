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
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
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
	// Host reaches the cluster that runs the pods.
	Host kubernetes.Interface
	// Experiments is an indexer of all Experiments.
	Experiments cache.Indexer
	// Runs, Sets and Services are indexers of at least those that Experiments own, with written.OwnerIndexers of Kind.
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
	experiments, runs, sets, services cache.MutationCache
}

// New returns a Reconciler that does nothing until Run.
func New(options Options) *Reconciler {
	return &Reconciler{
		Options:     options,
		queue:       queue.New("experiments", func(key types.NamespacedName) string { return key.Namespace }),
		experiments: written.Over(options.Experiments), runs: written.Over(options.Runs),
		sets: written.Over(options.Sets), services: written.Over(options.Services),
	}
}

// Run reconciles until ctx ends, then waits for the passes in progress. It may be called again.
func (r *Reconciler) Run(ctx context.Context) {
	r.queue.Work(ctx, workers, r.all, func(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
		return r.visit(klog.NewContext(ctx, klog.FromContext(ctx).WithValues("experiment", key)), key)
	})
}

// all are the Experiments that there are.
func (r *Reconciler) all() []types.NamespacedName { return queue.Keys(r.Experiments) }

// visit reconciles the Experiment of a key. One that is gone, or going, needs nothing: the cluster collects what it
// owns.
func (r *Reconciler) visit(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
	experiment, found, err := written.Get[*v1alpha1.Experiment](r.experiments, key.String())
	if err != nil {
		return 0, err
	}
	if !found {
		r.Metrics.forget(key)
		return 0, nil
	}
	if _, others := experiment.Labels[v1alpha1.LabelControllerInstanceID]; others || experiment.DeletionTimestamp != nil {
		return 0, nil
	}
	started := r.Clock.Now()
	again, err := r.reconcile(ctx, experiment)
	r.Metrics.observe(key, r.Clock.Since(started), err)
	return again, err
}
