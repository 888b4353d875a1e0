// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// AssessRun returns the status of a run in whose results the latest measurements are, with the state of each metric and
// of the run. A metric that fails here terminates the others in the pass after it.
func AssessRun(
	run *v1alpha1.AnalysisRun, metrics []v1alpha1.Metric, rules Rules, now metav1.Time,
) v1alpha1.AnalysisRunStatus {
	status, terminating := *run.Status.DeepCopy(), Terminating(run)
	if status.StartedAt == nil {
		status.StartedAt = &now
	}
	tally := tally{dry: &v1alpha1.RunSummary{}}
	if run.Spec.Terminate != nil && *run.Spec.Terminate {
		tally.message = "Run Terminated"
	}
	for _, metric := range metrics {
		result := resultOf(status, metric.Name)
		if len(result.Measurements) > 0 {
			result = assessed(metric, result, terminating)
			setResult(&status, result)
		}
		tally.add(metric, result, rules.DryRun(metric.Name))
	}
	status.RunSummary, status.DryRunSummary = tally.decisive, tally.dry
	phase, message := tally.verdict(terminating)
	if phase != status.Phase {
		status.Phase, status.Message = phase, message
	}
	if phase.Completed() && status.CompletedAt == nil {
		status.CompletedAt = &now
	}
	return status
}

// assessed returns the result of a metric in its state.
func assessed(metric v1alpha1.Metric, result v1alpha1.MetricResult, terminating bool) v1alpha1.MetricResult {
	phase := Assess(metric, result, terminating)
	if phase == result.Phase {
		return result
	}
	result.Phase = phase
	if measured := result.Measurements; len(measured) > 0 {
		result.Message = measured[len(measured)-1].Message
	}
	return result
}

// Assess returns the state of a metric by its measurements. One that is completed stays as it is.
func Assess(metric v1alpha1.Metric, result v1alpha1.MetricResult, terminating bool) v1alpha1.AnalysisPhase {
	switch phase, _ := exceeded(limitsOf(metric), result); {
	case result.Phase.Completed():
		return result.Phase
	case len(result.Measurements) == 0 && terminating:
		return v1alpha1.AnalysisPhaseSuccessful
	case len(result.Measurements) == 0:
		return v1alpha1.AnalysisPhasePending
	case !result.Measurements[len(result.Measurements)-1].Phase.Completed():
		return v1alpha1.AnalysisPhaseRunning
	case phase != "":
		return phase
	default:
		return reached(limitsOf(metric), result, terminating)
	}
}

// exceeded returns the phase of a metric that is over a limit, and why. Of two limits the later decides.
func exceeded(limits limits, result v1alpha1.MetricResult) (phase v1alpha1.AnalysisPhase, why string) {
	if limits.failure >= 0 && result.Failed > limits.failure {
		phase = v1alpha1.AnalysisPhaseFailed
		why = fmt.Sprintf("failed (%d) > failureLimit (%d)", result.Failed, limits.failure)
	}
	if result.Inconclusive > limits.inconclusive {
		phase = v1alpha1.AnalysisPhaseInconclusive
		why = fmt.Sprintf("inconclusive (%d) > inconclusiveLimit (%d)", result.Inconclusive, limits.inconclusive)
	}
	if result.ConsecutiveError > limits.consecutiveError {
		phase = v1alpha1.AnalysisPhaseError
		why = fmt.Sprintf("consecutiveErrors (%d) > consecutiveErrorLimit (%d)",
			result.ConsecutiveError, limits.consecutiveError)
	}
	return phase, why
}

// reached returns the phase of a metric that is over no limit.
func reached(limits limits, result v1alpha1.MetricResult, terminating bool) v1alpha1.AnalysisPhase {
	wantsSuccesses := limits.consecutiveSuccess > 0
	switch counted := limits.count != endless && result.Count >= limits.count; {
	case wantsSuccesses && result.ConsecutiveSuccess >= limits.consecutiveSuccess:
		return v1alpha1.AnalysisPhaseSuccessful
	case counted && wantsSuccesses && limits.failure >= 0:
		return v1alpha1.AnalysisPhaseInconclusive
	case counted && wantsSuccesses:
		return v1alpha1.AnalysisPhaseFailed
	case counted, terminating:
		return v1alpha1.AnalysisPhaseSuccessful
	default:
		return v1alpha1.AnalysisPhaseRunning
	}
}

// tally is what the metrics of a run amount to.
type tally struct {
	running  bool
	worst    v1alpha1.AnalysisPhase
	message  string
	decisive v1alpha1.RunSummary
	dry      *v1alpha1.RunSummary
}

func (t *tally) add(metric v1alpha1.Metric, result v1alpha1.MetricResult, dryRun bool) {
	summary := &t.decisive
	if dryRun {
		summary = t.dry
	}
	summary.Count++
	if !result.Phase.Completed() {
		t.running = true
		return
	}
	summarize(summary, result.Phase)
	switch {
	case dryRun && t.worst == "":
		t.worst = v1alpha1.AnalysisPhaseSuccessful
	case !dryRun && (t.worst == "" || Worse(t.worst, result.Phase)):
		t.worst = result.Phase
		t.explain(metric, result)
	}
}

// explain says which metric decides, and why.
func (t *tally) explain(metric v1alpha1.Metric, result v1alpha1.MetricResult) {
	bounds := limitsOf(metric)
	_, why := exceeded(bounds, result)
	if why == "" && result.Phase != v1alpha1.AnalysisPhaseSuccessful {
		why = fmt.Sprintf("count (%d) reached with consecutiveSuccess (%d) < consecutiveSuccessLimit (%d)",
			result.Count, result.ConsecutiveSuccess, bounds.consecutiveSuccess)
	}
	if why == "" {
		return
	}
	t.message = fmt.Sprintf("Metric %q assessed %s due to %s", metric.Name, result.Phase, why)
	if result.Message != "" {
		t.message += fmt.Sprintf(": \"Error Message: %s\"", result.Message)
	}
}

// verdict is the phase and the message of the run.
func (t *tally) verdict(terminating bool) (v1alpha1.AnalysisPhase, string) {
	switch {
	case terminating && t.worst == "":
		return v1alpha1.AnalysisPhaseSuccessful, t.message
	case !terminating && (t.running || t.worst == ""):
		return v1alpha1.AnalysisPhaseRunning, ""
	default:
		return t.worst, strings.TrimSpace(t.message)
	}
}

func summarize(summary *v1alpha1.RunSummary, phase v1alpha1.AnalysisPhase) {
	switch phase {
	case v1alpha1.AnalysisPhaseError:
		summary.Error++
	case v1alpha1.AnalysisPhaseFailed:
		summary.Failed++
	case v1alpha1.AnalysisPhaseInconclusive:
		summary.Inconclusive++
	default:
		summary.Successful++
	}
}
