// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/held"
)

// Distant is a Provider that leaves something in the cluster which a run names.
type Distant interface {
	// Reach fails while that cluster cannot be asked.
	Reach(ctx context.Context, run *v1alpha1.AnalysisRun) error
	// Clear removes what a run has there, and says whether that is gone.
	Clear(ctx context.Context, run *v1alpha1.AnalysisRun) (gone bool, err error)
}

// lookAtDistant is how long to wait for what happens in another cluster, of which no watch tells.
const lookAtDistant = 10 * time.Second

func distant(run *v1alpha1.AnalysisRun) bool {
	return run.Annotations[v1alpha1.AnnotationCluster] != ""
}

// hold keeps a run from going before what it has in another cluster: no garbage collector there knows it.
func (r *Reconciler) hold(
	ctx context.Context, run *v1alpha1.AnalysisRun, metrics []v1alpha1.Metric,
) (*v1alpha1.AnalysisRun, error) {
	leaves := slices.ContainsFunc(metrics, func(metric v1alpha1.Metric) bool { return r.distantOf(metric) != nil })
	if !distant(run) || !leaves || held.Is(run) {
		return run, nil
	}
	body, err := held.Hold(run)
	if err != nil {
		return nil, err
	}
	return r.finalize(ctx, run, body)
}

func (r *Reconciler) distantOf(metric v1alpha1.Metric) Distant {
	found, _ := r.Providers[analysis.Providers(metric)[0]].(Distant)
	return found
}

func (r *Reconciler) finalize(
	ctx context.Context, run *v1alpha1.AnalysisRun, body []byte,
) (*v1alpha1.AnalysisRun, error) {
	written, err := r.Client.ArgoprojV1alpha1().AnalysisRuns(run.Namespace).
		Patch(ctx, run.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if err != nil {
		return nil, fmt.Errorf("write the finalizers: %w", err)
	}
	r.written.remember(written)
	return written, nil
}

// release removes what a run that is being deleted has in another cluster, and lets it go once that is gone. It says
// why it does not.
func (r *Reconciler) release(ctx context.Context, run *v1alpha1.AnalysisRun) (time.Duration, error) {
	for _, provider := range r.Providers {
		known, isDistant := provider.(Distant)
		if !isDistant {
			continue
		}
		gone, err := known.Clear(ctx, run)
		if err != nil {
			status := *run.Status.DeepCopy()
			status.Message = fmt.Sprintf("it is not deleted, as its Jobs cannot be: %v; to leave them where they are, "+
				"remove the finalizer %s", err, v1alpha1.FinalizerCluster)
			return lookAtDistant, r.write(ctx, run, status)
		}
		if !gone {
			return time.Second, nil
		}
	}
	body, err := held.LetGo(run)
	if err == nil {
		_, err = r.finalize(ctx, run, body)
	}
	if apierrors.IsNotFound(err) {
		return 0, nil
	}
	return 0, err
}

// reachable leaves out the tasks whose cluster cannot be asked now, and says whether there are any: a measurement that
// could not be taken says nothing of what it measures.
func (r *Reconciler) reachable(
	ctx context.Context, run *v1alpha1.AnalysisRun, metrics []v1alpha1.Metric, tasks []analysis.Task,
) (now []analysis.Task, later bool) {
	if !distant(run) {
		return tasks, false
	}
	now = slices.DeleteFunc(slices.Clone(tasks), func(task analysis.Task) bool {
		asked := r.distantOf(metrics[task.Metric])
		if asked == nil {
			return false
		}
		err := asked.Reach(ctx, run)
		if err != nil {
			klog.FromContext(ctx).V(2).Info("A measurement waits for its cluster", "err", err)
		}
		return err != nil
	})
	return now, len(now) < len(tasks)
}
