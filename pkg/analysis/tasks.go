// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"slices"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Deed is what to do with a measurement.
type Deed string

// What can be done with a measurement.
const (
	Measure   Deed = "measure"
	Resume    Deed = "resume"
	Terminate Deed = "terminate"
)

// Task is a measurement that is due.
type Task struct {
	// Metric is the place of the metric in the run.
	Metric int
	Deed   Deed
	// Unfinished is the measurement to resume or to terminate.
	Unfinished v1alpha1.Measurement
}

// Terminating reports whether a run takes no further measurements: somebody said so, or a metric has decided.
func Terminating(run *v1alpha1.AnalysisRun) bool {
	if run.Spec.Terminate != nil && *run.Spec.Terminate {
		return true
	}
	return slices.ContainsFunc(run.Status.MetricResults, func(result v1alpha1.MetricResult) bool {
		return !result.DryRun && result.Phase.Completed() && result.Phase != v1alpha1.AnalysisPhaseSuccessful
	})
}

// Tasks returns what is due at a time.
func Tasks(run *v1alpha1.AnalysisRun, metrics []v1alpha1.Metric, now time.Time) []Task {
	terminating := Terminating(run)
	var tasks []Task
	for i, metric := range metrics {
		result := resultOf(run.Status, metric.Name)
		at, waits := next(run, metric, result, now)
		switch unfinished := unfinishedOf(result); {
		case result.Phase.Completed():
		case unfinished != nil && terminating:
			tasks = append(tasks, Task{i, Terminate, *unfinished})
		case terminating || !waits || at.After(now):
		case unfinished != nil:
			tasks = append(tasks, Task{i, Resume, *unfinished})
		default:
			tasks = append(tasks, Task{Metric: i, Deed: Measure})
		}
	}
	return tasks
}

// Next returns when something of a run is due for the next time; without waits only an event brings it on, such as the
// end of a Job.
func Next(run *v1alpha1.AnalysisRun, metrics []v1alpha1.Metric, now time.Time) (at time.Time, waits bool) {
	if Terminating(run) {
		return now, true
	}
	for _, metric := range metrics {
		result := resultOf(run.Status, metric.Name)
		if unfinished := unfinishedOf(result); unfinished != nil && unfinished.ResumeAt == nil {
			continue
		}
		due, dueOnce := next(run, metric, result, now)
		if dueOnce && (!waits || due.Before(at)) {
			at, waits = due, true
		}
	}
	return at, waits
}

// next is when a metric is due, if it is.
func next(
	run *v1alpha1.AnalysisRun, metric v1alpha1.Metric, result v1alpha1.MetricResult, now time.Time,
) (time.Time, bool) {
	if result.Phase.Completed() {
		return time.Time{}, false
	}
	if unfinished := unfinishedOf(result); unfinished != nil {
		if unfinished.ResumeAt == nil {
			return now, true
		}
		return unfinished.ResumeAt.Time, true
	}
	if len(result.Measurements) == 0 {
		started := now
		if run.Status.StartedAt != nil {
			started = run.Status.StartedAt.Time
		}
		return started.Add(delay(metric)), true
	}
	if count := countOf(metric); count != endless && result.Count >= count {
		return time.Time{}, false
	}
	last := result.Measurements[len(result.Measurements)-1]
	return last.FinishedAt.Add(pause(metric, last)), true
}

// unfinishedOf is the measurement of a metric that is in progress, or nil.
func unfinishedOf(result v1alpha1.MetricResult) *v1alpha1.Measurement {
	if len(result.Measurements) == 0 {
		return nil
	}
	if last := result.Measurements[len(result.Measurements)-1]; last.FinishedAt == nil {
		return &last
	}
	return nil
}

// resultOf is the result of a metric, or an empty one.
func resultOf(status v1alpha1.AnalysisRunStatus, name string) v1alpha1.MetricResult {
	at := slices.IndexFunc(status.MetricResults, func(r v1alpha1.MetricResult) bool { return r.Name == name })
	if at < 0 {
		return v1alpha1.MetricResult{Name: name}
	}
	return status.MetricResults[at]
}
