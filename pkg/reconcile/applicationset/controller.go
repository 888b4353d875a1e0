// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/queue"
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
	// Gated reports whether the promotion gate is before an Application.
	Gated  func(*v1alpha1.Application) bool
	Events events.EventRecorder
	Clock  clock.Clock
}

// Reconciler keeps the Applications of ApplicationSets.
type Reconciler struct {
	Options
	queue *queue.Queue
}

// New returns a Reconciler that does nothing until Run.
func New(options Options) *Reconciler {
	return &Reconciler{Options: options, queue: queue.New("app_set_reconciliation_queue", together)}
}

// together puts all ApplicationSets into one lane.
func together(types.NamespacedName) string { return "" }

// Run reconciles until ctx ends, then waits for the passes in progress. It may be called again.
func (r *Reconciler) Run(ctx context.Context) {
	r.queue.Work(ctx, workers, r.all, func(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
		return r.visit(klog.NewContext(ctx, klog.FromContext(ctx).WithValues("applicationSet", key)), key)
	})
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
