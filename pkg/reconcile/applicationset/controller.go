// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
)

// workers is how many ApplicationSets are reconciled side by side.
const workers = 4

// Options are the parts that a Reconciler works with.
type Options struct {
	// Namespace is the control-plane namespace, the only one whose ApplicationSets are served.
	Namespace string
	Client    versioned.Interface
	Sets      listers.ApplicationSetLister
	// Applications is an indexer of all Applications, with Indexers.
	Applications cache.Indexer
	Clusters     *cluster.Clusters
	// Ready reports whether every destination that is registered is in Clusters, and both
	// lists are complete. Until then nothing is done.
	Ready func() bool
	// Unread returns why a cluster Secret registers no destination, by the Secret's name; nil
	// means that none is like that.
	Unread func() map[string]error
	Events events.EventRecorder
	Clock  clock.Clock
}

// Reconciler keeps the Applications of ApplicationSets.
type Reconciler struct {
	Options
	queue workqueue.TypedRateLimitingInterface[types.NamespacedName]
}

// New returns a Reconciler that does nothing until Run.
func New(options Options) *Reconciler {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[types.NamespacedName](100*time.Millisecond, time.Minute)
	return &Reconciler{
		Options: options,
		queue: workqueue.NewTypedRateLimitingQueueWithConfig(limiter,
			workqueue.TypedRateLimitingQueueConfig[types.NamespacedName]{Name: "app_set_reconciliation_queue"}),
	}
}

// Run reconciles until ctx ends, then waits for the passes in progress.
func (r *Reconciler) Run(ctx context.Context) {
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for r.work(ctx) {
			}
		})
	}
	<-ctx.Done()
	r.queue.ShutDown()
	running.Wait()
}

// work takes one ApplicationSet off the queue; false means that the queue is shut.
func (r *Reconciler) work(ctx context.Context) bool {
	key, shut := r.queue.Get()
	if shut {
		return false
	}
	defer r.queue.Done(key)
	logger := klog.FromContext(ctx).WithValues("applicationSet", key)
	again, err := r.visit(klog.NewContext(ctx, logger), key)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		if !apierrors.IsConflict(err) {
			logger.Error(err, "Reconcile failed")
		}
		r.queue.AddRateLimited(key)
	default:
		r.queue.Forget(key)
		if again > 0 {
			r.queue.AddAfter(key, again)
		}
	}
	return true
}

// notReady is how long to wait for the destinations to be read.
const notReady = time.Second

// visit reconciles the ApplicationSet of a key, if there is one still. One that is gone
// needs nothing: its Applications were deleted before its finalizer was taken off.
func (r *Reconciler) visit(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
	if !r.Ready() {
		return notReady, nil
	}
	set, err := r.Sets.ApplicationSets(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if set.DeletionTimestamp != nil {
		return 0, r.remove(ctx, set)
	}
	return 0, r.reconcile(ctx, set)
}
