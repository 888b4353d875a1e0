// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +genclient
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// AnalysisRun measures metrics and judges them.
type AnalysisRun struct {
	metav1.TypeMeta `json:""`
	// Standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what to measure.
	// +required
	Spec AnalysisRunSpec `json:"spec"`
	// Status is what was measured.
	// +optional
	Status AnalysisRunStatus `json:"status,omitzero"`
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// AnalysisRunList is a list of AnalysisRuns.
type AnalysisRunList struct {
	metav1.TypeMeta `json:""`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// Items are the AnalysisRuns.
	Items []AnalysisRun `json:"items"`
}

// AnalysisRunSpec says what to measure.
type AnalysisRunSpec struct {
	// Metrics are the metrics to measure.
	// +required
	// +listType=atomic
	Metrics []Metric `json:"metrics,omitzero"`
	// Args are the arguments.
	// +optional
	// +listType=atomic
	Args []Argument `json:"args,omitzero"`
	// Terminate stops the run.
	// +optional
	Terminate *bool `json:"terminate,omitempty"`
	// DryRun names metrics that are measured without deciding the result.
	// +optional
	// +listType=atomic
	DryRun []DryRun `json:"dryRun,omitzero"`
	// MeasurementRetention says how many measurements of a metric are kept.
	// +optional
	// +listType=atomic
	MeasurementRetention []MeasurementRetention `json:"measurementRetention,omitzero"`
	// TTLStrategy says when a completed run is deleted.
	// +optional
	TTLStrategy *TTLStrategy `json:"ttlStrategy,omitempty"`
}

// TTLStrategy says when a completed AnalysisRun is deleted; the time of its result goes before that of its completion.
type TTLStrategy struct {
	// SecondsAfterCompletion is the time in seconds after completion.
	// +optional
	SecondsAfterCompletion *int32 `json:"secondsAfterCompletion,omitempty"`
	// SecondsAfterFailure is the time in seconds after a failure.
	// +optional
	SecondsAfterFailure *int32 `json:"secondsAfterFailure,omitempty"`
	// SecondsAfterSuccess is the time in seconds after a success.
	// +optional
	SecondsAfterSuccess *int32 `json:"secondsAfterSuccess,omitempty"`
}

// AnalysisPhase is the state of an AnalysisRun, a metric, a measurement or an Experiment.
type AnalysisPhase string

// The states of an analysis.
const (
	AnalysisPhasePending      AnalysisPhase = "Pending"
	AnalysisPhaseRunning      AnalysisPhase = "Running"
	AnalysisPhaseSuccessful   AnalysisPhase = "Successful"
	AnalysisPhaseFailed       AnalysisPhase = "Failed"
	AnalysisPhaseError        AnalysisPhase = "Error"
	AnalysisPhaseInconclusive AnalysisPhase = "Inconclusive"
)

// Completed says whether the state is final.
func (p AnalysisPhase) Completed() bool {
	switch p {
	case AnalysisPhaseSuccessful, AnalysisPhaseFailed, AnalysisPhaseError, AnalysisPhaseInconclusive:
		return true
	default:
		return false
	}
}

// AnalysisRunStatus is what was measured.
type AnalysisRunStatus struct {
	// Phase is the state of the run as a whole.
	// +required
	Phase AnalysisPhase `json:"phase,omitempty"`
	// Message explains the phase.
	// +optional
	Message string `json:"message,omitempty"`
	// MetricResults are the results of the metrics.
	// +optional
	// +listType=atomic
	MetricResults []MetricResult `json:"metricResults,omitzero"`
	// StartedAt is when the run started.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// RunSummary counts the metrics that decide the result.
	// +optional
	RunSummary RunSummary `json:"runSummary,omitzero"`
	// DryRunSummary counts the metrics that do not decide the result.
	// +optional
	DryRunSummary *RunSummary `json:"dryRunSummary,omitempty"`
	// CompletedAt is when the run ended.
	// +optional
	CompletedAt *metav1.Time `json:"completedAt,omitempty"`
}

// RunSummary counts metrics by their result.
type RunSummary struct {
	// Count is the number of metrics.
	// +optional
	Count int32 `json:"count,omitempty"`
	// Successful is the number of successful metrics.
	// +optional
	Successful int32 `json:"successful,omitempty"`
	// Failed is the number of failed metrics.
	// +optional
	Failed int32 `json:"failed,omitempty"`
	// Inconclusive is the number of inconclusive metrics.
	// +optional
	Inconclusive int32 `json:"inconclusive,omitempty"`
	// Error is the number of metrics that ended in an error.
	// +optional
	Error int32 `json:"error,omitempty"`
}

// MetricResult is the result of one metric: its latest measurements and counts over all.
type MetricResult struct {
	// Name is the name of the metric.
	Name string `json:"name"`
	// Phase is the state of the metric.
	Phase AnalysisPhase `json:"phase"`
	// Measurements are the latest measurements, oldest first.
	// +optional
	// +listType=atomic
	Measurements []Measurement `json:"measurements,omitzero"`
	// Message explains the phase.
	// +optional
	Message string `json:"message,omitempty"`
	// Count is the number of measurements without an error.
	// +optional
	Count int32 `json:"count,omitempty"`
	// Successful is the number of successful measurements.
	// +optional
	Successful int32 `json:"successful,omitempty"`
	// Failed is the number of failed measurements.
	// +optional
	Failed int32 `json:"failed,omitempty"`
	// Inconclusive is the number of inconclusive measurements.
	// +optional
	Inconclusive int32 `json:"inconclusive,omitempty"`
	// Error is the number of measurements that ended in an error.
	// +optional
	Error int32 `json:"error,omitempty"`
	// ConsecutiveError is the number of errors in a row.
	// +optional
	ConsecutiveError int32 `json:"consecutiveError,omitempty"`
	// ConsecutiveSuccess is the number of successes in a row.
	// +optional
	ConsecutiveSuccess int32 `json:"consecutiveSuccess,omitempty"`
	// DryRun says that the metric does not decide the result.
	// +optional
	DryRun bool `json:"dryRun,omitempty"`
	// Metadata is what the provider says about the metric, such as the resolved query.
	// +optional
	Metadata map[string]string `json:"metadata,omitzero"`
}

// Measurement is one measurement of a metric.
type Measurement struct {
	// Phase is the state of the measurement.
	Phase AnalysisPhase `json:"phase"`
	// Message explains the phase.
	// +optional
	Message string `json:"message,omitempty"`
	// StartedAt is when the measurement started.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// FinishedAt is when the value was there.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// Value is the measured value.
	// +optional
	Value string `json:"value,omitempty"`
	// Metadata is what the provider keeps of the measurement, such as the name of a Job.
	// +optional
	Metadata map[string]string `json:"metadata,omitzero"`
	// ResumeAt is when a measurement in progress is looked at again.
	// +optional
	ResumeAt *metav1.Time `json:"resumeAt,omitempty"`
}
