// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// jobName is where a measurement keeps the name of its Job.
const jobName = "job-name"

var (
	errOwnNamespace = errors.New("no Job is started in the namespace of Capstan itself: " +
		"it could read Capstan's Secrets; use another namespace")
	errNoJob = errors.New("job metadata reference missing")
)

// Job runs Jobs in the namespace of the analysis (as Argo Rollouts 1.9: metricproviders/job), and in its cluster or the
// one that it names.
type Job struct {
	// Client reaches the cluster of the analysis.
	Client dynamic.Interface
	// Clusters reach those that analyses name.
	Clusters Clusters
	// Namespace is the control-plane namespace.
	Namespace string
}

// Measure starts the Job of a measurement, or finds the one that was started before the status could be written.
func (j Job) Measure(ctx context.Context, run *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	if run.Namespace == j.Namespace {
		return failed(errOwnNamespace)
	}
	job, err := jobOf(run, metric)
	if err != nil {
		return failed(err)
	}
	jobs, err := j.jobs(ctx, run)
	if err == nil {
		_, err = jobs.Create(ctx, job, metav1.CreateOptions{})
	}
	if apierrors.IsAlreadyExists(err) {
		err = recognize(ctx, jobs, run, job.GetName())
	}
	if err != nil {
		return failed(fmt.Errorf("create Job %s: %w", job.GetName(), err))
	}
	return v1alpha1.Measurement{
		Phase: v1alpha1.AnalysisPhaseRunning, Metadata: map[string]string{jobName: job.GetName()},
	}
}

// recognize fails unless the Job of a name is the run's own.
func recognize(ctx context.Context, jobs dynamic.ResourceInterface, run *v1alpha1.AnalysisRun, name string) error {
	found, err := jobs.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if !owns(run, found) {
		return errors.New("it is there and belongs to somebody else")
	}
	return nil
}

// Resume looks at the Job of a measurement.
func (j Job) Resume(
	ctx context.Context, run *v1alpha1.AnalysisRun, _ v1alpha1.Metric, measured v1alpha1.Measurement,
) v1alpha1.Measurement {
	name := measured.Metadata[jobName]
	if name == "" {
		return broken(measured, errNoJob)
	}
	jobs, err := j.jobs(ctx, run)
	if err != nil {
		return broken(measured, err)
	}
	found, err := jobs.Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return broken(measured, err)
	case err != nil:
		// The Job goes on, whether it can be looked at or not.
		return measured
	}
	var job batchv1.Job
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(found.Object, &job); err != nil {
		return broken(measured, fmt.Errorf("read Job %s: %w", name, err))
	}
	for _, condition := range job.Status.Conditions {
		if condition.Status == corev1.ConditionFalse {
			continue
		}
		switch condition.Type {
		case batchv1.JobComplete:
			measured.Phase = v1alpha1.AnalysisPhaseSuccessful
		case batchv1.JobFailed:
			measured.Phase = v1alpha1.AnalysisPhaseFailed
		}
	}
	return measured
}

// Terminate deletes the Job of a measurement.
func (j Job) Terminate(
	ctx context.Context, run *v1alpha1.AnalysisRun, _ v1alpha1.Metric, measured v1alpha1.Measurement,
) v1alpha1.Measurement {
	name := measured.Metadata[jobName]
	if name == "" {
		return broken(measured, errNoJob)
	}
	if err := j.delete(ctx, run, name); err != nil {
		return broken(measured, err)
	}
	measured.Phase, measured.Message = v1alpha1.AnalysisPhaseSuccessful, "Metric Terminated"
	return measured
}

// Collect deletes the Jobs of measurements that are kept no longer.
func (j Job) Collect(ctx context.Context, run *v1alpha1.AnalysisRun, dropped []v1alpha1.Measurement) error {
	var problems []error
	for _, measured := range dropped {
		if name := measured.Metadata[jobName]; name != "" {
			problems = append(problems, j.delete(ctx, run, name))
		}
	}
	return errors.Join(problems...)
}

func (j Job) delete(ctx context.Context, run *v1alpha1.AnalysisRun, name string) error {
	jobs, err := j.jobs(ctx, run)
	if err == nil {
		err = recognize(ctx, jobs, run, name)
	}
	if err == nil {
		foreground := metav1.DeletePropagationForeground
		err = jobs.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &foreground})
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete Job %s: %w", name, err)
	}
	return nil
}

// jobs are those of the namespace of a run, in the cluster that it names.
func (j Job) jobs(ctx context.Context, run *v1alpha1.AnalysisRun) (dynamic.ResourceInterface, error) {
	client := j.Client
	if name := run.Annotations[v1alpha1.AnnotationCluster]; name != "" {
		var err error
		if client, err = j.Clusters.Objects(ctx, name, run.Namespace); err != nil {
			return nil, err
		}
	}
	return client.Resource(batchv1.SchemeGroupVersion.WithResource("jobs")).Namespace(run.Namespace), nil
}

// broken is a measurement in progress that comes to no end.
func broken(measured v1alpha1.Measurement, err error) v1alpha1.Measurement {
	measured.Phase, measured.Message = v1alpha1.AnalysisPhaseError, err.Error()
	return measured
}

// jobOf returns the Job of a metric's next measurement. Its specification is what the user wrote.
func jobOf(run *v1alpha1.AnalysisRun, metric v1alpha1.Metric) (*unstructured.Unstructured, error) {
	asked := metric.Provider.Job
	text := []byte(`{"apiVersion":"batch/v1","kind":"Job","spec":` + string(asked.Spec.Raw) + `}`)
	job := &unstructured.Unstructured{}
	if err := job.UnmarshalJSON(text); err != nil {
		return nil, fmt.Errorf("job.spec cannot be read: %w", err)
	}
	if spec, isObject := job.Object["spec"].(map[string]any); !isObject || len(spec) == 0 {
		return nil, errors.New("job.spec is empty: say what to run")
	}
	job.SetName(nameOf(run, metric.Name))
	job.SetNamespace(run.Namespace)
	own(run, job)
	labels, annotations := map[string]string{}, map[string]string{}
	if asked.Metadata != nil {
		labels, annotations = merged(asked.Metadata.Labels), merged(asked.Metadata.Annotations)
	}
	labels[v1alpha1.LabelAnalysisRunUID] = string(run.UID)
	annotations[v1alpha1.AnnotationAnalysisRunName] = run.Name
	annotations[v1alpha1.AnnotationAnalysisRunMetric] = metric.Name
	job.SetLabels(labels)
	job.SetAnnotations(annotations)
	// The pods tell whose they are as well.
	err := unstructured.SetNestedField(job.Object, string(run.UID),
		"spec", "template", "metadata", "labels", v1alpha1.LabelAnalysisRunUID)
	if err != nil {
		return nil, fmt.Errorf("job.spec.template.metadata.labels: %w", err)
	}
	return job, nil
}

func merged(given map[string]string) map[string]string {
	result := make(map[string]string, len(given)+2)
	for key, value := range given {
		result[key] = value
	}
	return result
}

// longestName is how long the name of a Job may be: it becomes a label of its pods.
const longestName = 63

// nameOf is the name of the Job of a metric's next measurement.
func nameOf(run *v1alpha1.AnalysisRun, metric string) string {
	number := 1
	for _, result := range run.Status.MetricResults {
		if result.Name == metric {
			number = int(result.Count) + int(result.Error) + 1
		}
	}
	head, tail := string(run.UID)+".", fmt.Sprintf(".%d", number)
	if room := longestName - len(head) - len(tail); len(metric) > room {
		metric = strings.TrimRight(metric[:max(room, 0)], ".-")
	}
	return head + metric + tail
}
