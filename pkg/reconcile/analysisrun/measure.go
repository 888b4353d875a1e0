// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// sideBySide is how many measurements of one run are taken at a time.
const sideBySide = 8

var (
	errOwnSecrets = errors.New("no Secret is read in the namespace of Capstan itself: use another namespace")
	errNoSecrets  = errors.New("this server has no cluster to read Secrets from")
	errOneGo      = errors.New("the provider measures in one go: there is nothing to go on with")
)

func asProblem(err error, into **problem) bool { return errors.As(err, into) }

// resolve returns the metrics of a run as they are measured, with the values of Secrets. Only to end what goes on needs
// none.
func (r *Reconciler) resolve(
	ctx context.Context, run *v1alpha1.AnalysisRun, tasks []analysis.Task,
) (analysis.Values, []v1alpha1.Metric, error) {
	read := analysis.ReadSecret(analysis.WithoutSecrets)
	if slices.ContainsFunc(tasks, func(task analysis.Task) bool { return task.Deed != analysis.Terminate }) {
		read = func(ref v1alpha1.SecretKeyRef) (string, error) { return r.readSecret(ctx, run, ref) }
	}
	values, err := analysis.ReadArgs(run.Spec.Args, read)
	if err != nil {
		return analysis.Values{}, nil, err
	}
	metrics, err := values.Resolve(run.Spec.Metrics)
	if err != nil {
		return analysis.Values{}, nil, &problem{unresolved, err}
	}
	return values, metrics, nil
}

// readSecret reads a key of a Secret. What only a user can put right is a problem.
func (r *Reconciler) readSecret(
	ctx context.Context, run *v1alpha1.AnalysisRun, ref v1alpha1.SecretKeyRef,
) (string, error) {
	if run.Namespace == r.Namespace {
		return "", &problem{unresolved, errOwnSecrets}
	}
	if r.Secrets == nil {
		return "", &problem{unresolved, errNoSecrets}
	}
	secret, err := r.Secrets.Secrets(run.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return "", &problem{unresolved, err}
	}
	if err != nil {
		return "", fmt.Errorf("read Secret %s: %w", ref.Name, err)
	}
	value, found := secret.Data[ref.Key]
	if !found {
		return "", &problem{unresolved, fmt.Errorf("key '%s' does not exist in secret '%s'", ref.Key, ref.Name)}
	}
	return string(value), nil
}

// measure carries out tasks side by side. The outcomes are in their order.
func (r *Reconciler) measure(
	ctx context.Context, run *v1alpha1.AnalysisRun, metrics []v1alpha1.Metric, tasks []analysis.Task,
) []analysis.Outcome {
	outcomes := make([]analysis.Outcome, len(tasks))
	var group errgroup.Group
	group.SetLimit(sideBySide)
	for i, task := range tasks {
		group.Go(func() error {
			outcomes[i] = r.carryOut(ctx, run, metrics[task.Metric], task)
			return nil
		})
	}
	_ = group.Wait() // None returns an error.
	return outcomes
}

func (r *Reconciler) carryOut(
	ctx context.Context, run *v1alpha1.AnalysisRun, metric v1alpha1.Metric, task analysis.Task,
) analysis.Outcome {
	outcome := analysis.Outcome{Task: task, Measurement: task.Unfinished}
	started := metav1.NewTime(r.Clock.Now())
	provider := r.Providers[analysis.Providers(metric)[0]]
	lasting, lasts := provider.(Lasting)
	switch {
	case task.Deed == analysis.Measure:
		outcome.Measurement = provider.Measure(ctx, run, metric)
		outcome.Measurement.StartedAt = &started
	case !lasts:
		outcome.Measurement.Phase, outcome.Measurement.Message = v1alpha1.AnalysisPhaseError, errOneGo.Error()
	case task.Deed == analysis.Terminate:
		outcome.Measurement = lasting.Terminate(ctx, run, metric, task.Unfinished)
	default:
		outcome.Measurement = lasting.Resume(ctx, run, metric, task.Unfinished)
	}
	if describing, describes := provider.(Describing); describes {
		outcome.Metadata = describing.Describe(metric)
	}
	return outcome
}

// collect removes what is left of the measurements that a status keeps no longer. What fails is left to the end of the
// run, with which its Jobs go.
func (r *Reconciler) collect(
	ctx context.Context, run *v1alpha1.AnalysisRun, metrics []v1alpha1.Metric, status v1alpha1.AnalysisRunStatus,
) {
	for _, metric := range metrics {
		lasting, lasts := r.Providers[analysis.Providers(metric)[0]].(Lasting)
		if !lasts {
			continue
		}
		if err := lasting.Collect(ctx, run, dropped(run.Status, status, metric.Name)); err != nil {
			klog.FromContext(ctx).V(2).Info("What is left of a measurement stays", "metric", metric.Name, "err", err)
		}
	}
}

// dropped are the measurements of a metric that one status has and the later has not.
func dropped(before, after v1alpha1.AnalysisRunStatus, metric string) []v1alpha1.Measurement {
	kept := measurements(after, metric)
	return slices.DeleteFunc(measurements(before, metric), func(measured v1alpha1.Measurement) bool {
		return slices.ContainsFunc(kept, func(other v1alpha1.Measurement) bool {
			return other.StartedAt.Equal(measured.StartedAt) && maps.Equal(other.Metadata, measured.Metadata)
		})
	})
}

// measurements returns a copy of those of a metric.
func measurements(status v1alpha1.AnalysisRunStatus, metric string) []v1alpha1.Measurement {
	for _, result := range status.MetricResults {
		if result.Name == metric {
			return slices.Clone(result.Measurements)
		}
	}
	return nil
}
