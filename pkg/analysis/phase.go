// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"slices"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Worse reports whether a phase is worse than the one so far.
func Worse(sofar, phase v1alpha1.AnalysisPhase) bool {
	return badness(phase) > badness(sofar)
}

// badness orders phases, from good to bad.
func badness(phase v1alpha1.AnalysisPhase) int {
	return slices.Index([]v1alpha1.AnalysisPhase{
		v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseRunning, v1alpha1.AnalysisPhasePending,
		v1alpha1.AnalysisPhaseInconclusive, v1alpha1.AnalysisPhaseError, v1alpha1.AnalysisPhaseFailed,
	}, phase)
}

// Expiry returns when a completed run is to be deleted; without expires it stays.
func Expiry(run *v1alpha1.AnalysisRun) (at time.Time, expires bool) {
	strategy, completed := run.Spec.TTLStrategy, run.Status.CompletedAt
	if strategy == nil || completed == nil || !run.Status.Phase.Completed() {
		return time.Time{}, false
	}
	seconds := strategy.SecondsAfterFailure
	if run.Status.Phase == v1alpha1.AnalysisPhaseSuccessful {
		seconds = strategy.SecondsAfterSuccess
	}
	if seconds == nil {
		seconds = strategy.SecondsAfterCompletion
	}
	if seconds == nil {
		return time.Time{}, false
	}
	return completed.Add(time.Duration(*seconds) * time.Second), true
}
