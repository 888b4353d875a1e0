// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/customization"
	"github.com/capstan-dev/capstan/pkg/difference"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/promotion"
	"github.com/capstan-dev/capstan/pkg/reconcile/queue"
	"github.com/capstan-dev/capstan/pkg/render"
)

// Options are the parts that a Reconciler works with.
type Options struct {
	// Namespace is the control-plane namespace, where projects live.
	Namespace string
	Client    versioned.Interface
	// Applications is an indexer of all Applications, with Indexers.
	Applications cache.Indexer
	Projects     listers.AppProjectLister
	Sources      Sources
	Renderer     Renderer
	Clusters     *cluster.Clusters
	Applier      *apply.Applier
	// Desk is asked before anything reaches a gated destination.
	Desk    *promotion.Desk
	Events  events.EventRecorder
	Clock   clock.Clock
	Metrics *Metrics
	// Toleration returns the rules by which fields may differ in every Application.
	Toleration func() difference.Rules
	// Settings returns what argocd-cm says.
	Settings func() customization.Set
	// Workers is how many Applications of one destination and repository are reconciled side by side.
	Workers int
	// Plugins render what no tool here does; nil means that there are none.
	Plugins render.Plugins
	// Submodules lets renders read the submodules of Git repositories.
	Submodules bool
	// KeepEvery is how often each repository in use is read, so that it goes on being polled.
	KeepEvery time.Duration
}

// Reconciler pulls Applications to Git.
type Reconciler struct {
	Options
	queue      *queue.Queue
	states     states
	namespaces namespaces
}

// New returns a Reconciler that does nothing until Run.
func New(options Options) *Reconciler {
	r := &Reconciler{Options: options}
	r.queue = queue.New("app_reconciliation_queue", r.laneOf)
	return r
}

// Run reconciles until ctx ends, then waits for the passes in progress. It may be called
// again: another replica may have worked in between, so nothing is remembered from before.
func (r *Reconciler) Run(ctx context.Context) {
	r.states.clear()
	r.namespaces.clear()
	for _, url := range r.Applications.ListIndexFuncValues(byRepository) {
		// Another leader may have been told of a push since, and deployed it.
		r.Sources.Invalidate(url)
	}
	go wait.UntilWithContext(ctx, func(context.Context) { r.keepReading() }, r.KeepEvery)
	r.queue.Work(ctx, r.Workers, r.all, func(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
		began := r.Clock.Now()
		server := ""
		if app, found := r.application(key); found {
			server = r.serverOf(app)
		}
		defer func() { r.Metrics.observe(key.Namespace, server, r.Clock.Since(began)) }()
		return r.visit(klog.NewContext(ctx, klog.FromContext(ctx).WithValues("application", key)), key)
	})
}

// laneOf names what a pass over an Application waits for: its destination and its repositories.
// One that hangs holds up no Application that does not need it.
func (r *Reconciler) laneOf(key types.NamespacedName) string {
	app, found := r.application(key)
	if !found {
		return ""
	}
	return strings.Join(append(destinations(app), repositories(app)...), "\x00")
}

// Working reports whether this replica reconciles.
func (r *Reconciler) Working() bool { return r.queue.Working() }

// visit reconciles the Application of a key, if there is one still. A fault in this program
// costs that Application its pass, and no other anything.
func (r *Reconciler) visit(ctx context.Context, key types.NamespacedName) (again time.Duration, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a fault of the reconciler: %v\n%s", fault, debug.Stack())
		}
	}()
	app, found := r.application(key)
	if !found {
		r.states.forget(key)
		return 0, nil
	}
	return r.reconcile(ctx, app)
}

// forget drops what is remembered of an Application that is gone.
func (r *Reconciler) forget(app *v1alpha1.Application) {
	r.states.forget(types.NamespacedName{Namespace: app.Namespace, Name: app.Name})
	if target, err := r.resolve(app.Spec.Destination); err == nil {
		target.Release(r.instanceName(app))
		if hub := r.hub(target); hub != nil {
			hub.Release(r.instanceName(app))
		}
	}
}
