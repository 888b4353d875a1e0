// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/held"
	"github.com/capstan-dev/capstan/pkg/reconcile/queue"
)

// workers is how many runs of one namespace are reconciled side by side: those of others do not wait for them.
const workers = 4

// Provider takes measurements of one kind.
type Provider interface {
	// Measure takes a measurement, or begins one that is in the phase Running.
	Measure(ctx context.Context, run *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement
}

// Lasting is a Provider whose measurements go on after Measure.
type Lasting interface {
	// Resume looks at a measurement.
	Resume(context.Context, *v1alpha1.AnalysisRun, v1alpha1.Metric, v1alpha1.Measurement) v1alpha1.Measurement
	// Terminate ends a measurement.
	Terminate(context.Context, *v1alpha1.AnalysisRun, v1alpha1.Metric, v1alpha1.Measurement) v1alpha1.Measurement
	// Collect removes what is left of measurements that the status keeps no longer.
	Collect(ctx context.Context, run *v1alpha1.AnalysisRun, dropped []v1alpha1.Measurement) error
}

// Describing is a Provider that says something about a metric.
type Describing interface {
	// Describe returns what the result of a metric shows beside its measurements.
	Describe(metric v1alpha1.Metric) map[string]string
}

// Options are the parts that a Reconciler works with.
type Options struct {
	// Namespace is the control-plane namespace, whose Secrets no argument reads.
	Namespace string
	Client    versioned.Interface
	Runs      listers.AnalysisRunLister
	// Providers are by the field that a metric sets, such as prometheus.
	Providers map[string]Provider
	// Secrets are those of the host cluster; nil where there is none.
	Secrets corev1client.SecretsGetter
	Events  events.EventRecorder
	Clock   clock.PassiveClock
	Metrics *Metrics
}

// Reconciler measures what AnalysisRuns say.
type Reconciler struct {
	Options
	queue   *queue.Queue
	written *written
}

// New returns a Reconciler that does nothing until Run.
func New(options Options) *Reconciler {
	return &Reconciler{
		Options: options, written: newWritten(),
		queue: queue.New("analysis_run_reconciliation_queue", func(key types.NamespacedName) string { return key.Namespace }),
	}
}

// Run reconciles until ctx ends, then waits for the passes in progress. It may be called again.
func (r *Reconciler) Run(ctx context.Context) {
	r.queue.Work(ctx, workers, r.all, func(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
		return r.visit(klog.NewContext(ctx, klog.FromContext(ctx).WithValues("analysisRun", key)), key)
	})
}

// notYet is how long to wait at most for the watch to tell of an own write.
const notYet = time.Second

// visit reconciles the run of a key, if there is one still.
func (r *Reconciler) visit(ctx context.Context, key types.NamespacedName) (time.Duration, error) {
	run, err := r.Runs.AnalysisRuns(key.Namespace).Get(key.Name)
	switch {
	case apierrors.IsNotFound(err):
		r.written.forget(key)
		r.Metrics.forget(key)
		return 0, nil
	case err != nil:
		return 0, err
	case r.written.newer(key, run):
		return notYet, nil
	case run.DeletionTimestamp != nil && held.Is(run):
		return r.release(ctx, run)
	case run.DeletionTimestamp != nil || foreign(run):
		return 0, nil
	}
	started := r.Clock.Now()
	again, err := r.reconcile(ctx, run)
	r.Metrics.observe(key, r.Clock.Since(started), err)
	return again, err
}

// foreign reports that a run is for a controller of another instance id. Ours has none.
func foreign(run *v1alpha1.AnalysisRun) bool {
	_, labeled := run.Labels[v1alpha1.LabelControllerInstanceID]
	return labeled
}
