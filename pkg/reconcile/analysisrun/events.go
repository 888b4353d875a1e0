// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// tell emits the Events of a status that was written: each metric that is completed now, and the run.
func (r *Reconciler) tell(run *v1alpha1.AnalysisRun, now v1alpha1.AnalysisRunStatus) {
	before := map[string]v1alpha1.AnalysisPhase{}
	for _, result := range run.Status.MetricResults {
		before[result.Name] = result.Phase
	}
	for _, result := range now.MetricResults {
		if result.Phase.Completed() && before[result.Name] != result.Phase {
			r.Events.Eventf(run, nil, level(result.Phase), "Metric"+string(result.Phase), "Measure",
				"Metric '%s' Completed. Result: %s", result.Name, result.Phase)
		}
	}
	if now.Phase.Completed() {
		r.Events.Eventf(run, nil, level(now.Phase), "AnalysisRun"+string(now.Phase), "Analyze",
			"Analysis Completed. Result: %s", now.Phase)
	}
}

func level(phase v1alpha1.AnalysisPhase) string {
	if phase == v1alpha1.AnalysisPhaseFailed || phase == v1alpha1.AnalysisPhaseError {
		return corev1.EventTypeWarning
	}
	return corev1.EventTypeNormal
}
