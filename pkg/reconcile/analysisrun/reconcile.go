// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// lookAgain is how long to wait for an event that may have been missed, such as the end of a Job.
const lookAgain = 30 * time.Second

// reconcile brings a run on by what is due and says when to come again. An error says that it is worth trying again.
func (r *Reconciler) reconcile(ctx context.Context, run *v1alpha1.AnalysisRun) (time.Duration, error) {
	if run.Status.Phase.Completed() {
		return r.expire(ctx, run)
	}
	prepared, err := r.prepare(run)
	if err != nil {
		return 0, r.write(ctx, run, r.refused(run, err))
	}
	if run, err = r.hold(ctx, run, prepared.metrics); err != nil {
		return 0, err
	}
	tasks, later := r.reachable(ctx, run, prepared.metrics, analysis.Tasks(run, prepared.metrics, r.Clock.Now()))
	status, err := r.advance(ctx, run, prepared, tasks)
	if err != nil {
		return 0, err
	}
	if err := r.write(ctx, run, status); err != nil {
		return 0, err
	}
	r.collect(ctx, run, prepared.metrics, status)
	if later {
		return lookAtDistant, nil
	}
	return r.again(run, prepared.metrics, status), nil
}

// prepared is what is known of a run without asking anybody.
type prepared struct {
	metrics []v1alpha1.Metric
	rules   analysis.Rules
}

// problem is what no further pass makes good. The run says it and ends.
type problem struct {
	what string
	err  error
}

// Error says what the run says.
func (p *problem) Error() string { return fmt.Sprintf("%s: %v", p.what, p.err) }

// Unwrap returns the reason.
func (p *problem) Unwrap() error { return p.err }

// The peer's words.
const (
	unresolved = "Unable to resolve metric arguments"
	invalid    = "Analysis spec invalid"
)

// prepare reads the specification of a run, or fails with a problem.
func (r *Reconciler) prepare(run *v1alpha1.AnalysisRun) (prepared, error) {
	values, err := analysis.ReadArgs(run.Spec.Args, analysis.WithoutSecrets)
	if err != nil {
		return prepared{}, &problem{unresolved, err}
	}
	metrics, err := values.Resolve(run.Spec.Metrics)
	if err != nil {
		return prepared{}, &problem{unresolved, err}
	}
	rules, err := analysis.ReadRules(run.Spec, metrics)
	if err != nil {
		return prepared{}, &problem{invalid, err}
	}
	if err := analysis.Validate(metrics); err != nil {
		return prepared{}, &problem{invalid, err}
	}
	for i, metric := range metrics {
		if name := analysis.Providers(metric)[0]; r.Providers[name] == nil {
			return prepared{}, &problem{invalid, fmt.Errorf(
				"metrics[%d].provider.%s is not available here: use another provider", i, name)}
		}
	}
	return prepared{metrics, rules}, nil
}

// advance measures what is due and returns the status after it.
func (r *Reconciler) advance(
	ctx context.Context, run *v1alpha1.AnalysisRun, known prepared, tasks []analysis.Task,
) (v1alpha1.AnalysisRunStatus, error) {
	values, metrics, err := r.resolve(ctx, run, tasks)
	if gone := (*problem)(nil); asProblem(err, &gone) {
		return r.refused(run, gone), nil
	}
	if err != nil {
		return v1alpha1.AnalysisRunStatus{}, err
	}
	outcomes := r.measure(ctx, run, metrics, tasks)
	if err := ctx.Err(); err != nil {
		// What was measured while this replica stops is not what there is.
		return v1alpha1.AnalysisRunStatus{}, err
	}
	now := metav1.NewTime(r.Clock.Now())
	measured := run.DeepCopy()
	measured.Status = analysis.Record(run.Status, known.metrics, known.rules, outcomes, values, now)
	return analysis.AssessRun(measured, known.metrics, known.rules, now), nil
}

// refused is the status of a run that cannot go on.
func (r *Reconciler) refused(run *v1alpha1.AnalysisRun, err error) v1alpha1.AnalysisRunStatus {
	now := metav1.NewTime(r.Clock.Now())
	status := *run.Status.DeepCopy()
	status.Phase, status.Message = v1alpha1.AnalysisPhaseError, err.Error()
	if status.StartedAt == nil {
		status.StartedAt = &now
	}
	status.CompletedAt = &now
	return status
}

// write writes a status that says something new, and tells of it.
func (r *Reconciler) write(ctx context.Context, run *v1alpha1.AnalysisRun, status v1alpha1.AnalysisRunStatus) error {
	if equality.Semantic.DeepEqual(run.Status, status) {
		return nil
	}
	changed := run.DeepCopy()
	changed.Status = status
	updated, err := r.Client.ArgoprojV1alpha1().AnalysisRuns(run.Namespace).
		UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	r.written.remember(updated)
	r.tell(run, status)
	return nil
}

// again is how long to wait for what is due next.
func (r *Reconciler) again(
	run *v1alpha1.AnalysisRun, metrics []v1alpha1.Metric, status v1alpha1.AnalysisRunStatus,
) time.Duration {
	after := run.DeepCopy()
	after.Status = status
	now := r.Clock.Now()
	at, waits := analysis.Next(after, metrics, now)
	if status.Phase.Completed() {
		at, waits = analysis.Expiry(after)
		if !waits {
			return 0
		}
	}
	if !waits && distant(run) {
		return lookAtDistant
	}
	if !waits {
		return lookAgain
	}
	return max(at.Sub(now), time.Millisecond)
}

// expire deletes a completed run once its time has come.
func (r *Reconciler) expire(ctx context.Context, run *v1alpha1.AnalysisRun) (time.Duration, error) {
	at, expires := analysis.Expiry(run)
	if !expires {
		return 0, nil
	}
	if wait := at.Sub(r.Clock.Now()); wait > 0 {
		return wait, nil
	}
	err := r.Client.ArgoprojV1alpha1().AnalysisRuns(run.Namespace).Delete(ctx, run.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &run.UID, ResourceVersion: &run.ResourceVersion},
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return 0, fmt.Errorf("delete the run, whose time is over: %w", err)
	}
	klog.FromContext(ctx).V(2).Info("The run was deleted, as its ttlStrategy says")
	return 0, nil
}
