// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// What a status keeps of texts that others send.
const (
	longestValue   = 8 << 10
	longestMessage = 2 << 10
)

// Outcome is what became of a task.
type Outcome struct {
	Task        Task
	Measurement v1alpha1.Measurement
	// Metadata is what the provider says about the metric.
	Metadata map[string]string
}

// Record adds what was measured to a status. Nothing of a Secret is kept, and no more measurements than rules say.
func Record(
	status v1alpha1.AnalysisRunStatus, metrics []v1alpha1.Metric, rules Rules, outcomes []Outcome, values Values,
	now metav1.Time,
) v1alpha1.AnalysisRunStatus {
	status = *status.DeepCopy()
	for _, outcome := range outcomes {
		name := metrics[outcome.Task.Metric].Name
		result := resultOf(status, name)
		if result.Phase == "" {
			result.Phase = v1alpha1.AnalysisPhaseRunning
		}
		result.DryRun = rules.DryRun(name)
		if len(outcome.Metadata) > 0 {
			result.Metadata = values.clean(outcome.Metadata)
		}
		measured := values.cleanMeasurement(outcome.Measurement)
		if measured.Phase.Completed() && measured.FinishedAt == nil {
			measured.FinishedAt = &now
		}
		count(&result, measured.Phase)
		if outcome.Task.Deed != Measure && len(result.Measurements) > 0 {
			result.Measurements = result.Measurements[:len(result.Measurements)-1]
		}
		result.Measurements = append(result.Measurements, measured)
		if most := rules.Kept(name); len(result.Measurements) > most {
			result.Measurements = slices.Clone(result.Measurements[len(result.Measurements)-most:])
		}
		setResult(&status, result)
	}
	return status
}

// count adds a measurement that is completed to the numbers of its metric.
func count(result *v1alpha1.MetricResult, phase v1alpha1.AnalysisPhase) {
	switch phase {
	case v1alpha1.AnalysisPhaseSuccessful:
		result.Successful++
		result.ConsecutiveSuccess++
	case v1alpha1.AnalysisPhaseFailed:
		result.Failed++
		result.ConsecutiveSuccess = 0
	case v1alpha1.AnalysisPhaseInconclusive:
		result.Inconclusive++
		result.ConsecutiveSuccess = 0
	case v1alpha1.AnalysisPhaseError:
		result.Error++
		result.ConsecutiveError++
		result.ConsecutiveSuccess = 0
		return
	default:
		return
	}
	result.Count++
	result.ConsecutiveError = 0
}

func setResult(status *v1alpha1.AnalysisRunStatus, result v1alpha1.MetricResult) {
	for i := range status.MetricResults {
		if status.MetricResults[i].Name == result.Name {
			status.MetricResults[i] = result
			return
		}
	}
	status.MetricResults = append(status.MetricResults, result)
}

// cleanMeasurement takes Secrets out of a measurement, and shortens it.
func (v Values) cleanMeasurement(measured v1alpha1.Measurement) v1alpha1.Measurement {
	measured = v.secrets.Measurement(measured)
	measured.Message, measured.Value = shorten(measured.Message, longestMessage), shorten(measured.Value, longestValue)
	measured.Metadata = shortened(measured.Metadata)
	return measured
}

// clean takes Secrets out of metadata, and shortens it.
func (v Values) clean(metadata map[string]string) map[string]string {
	return shortened(v.secrets.metadata(metadata))
}

func shortened(metadata map[string]string) map[string]string {
	for key, value := range metadata {
		metadata[key] = shorten(value, longestMessage)
	}
	return metadata
}
