// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// analyse follows the analysis that runs beside the steps of a canary.
func (p *pass) analyse() {
	analysis := p.Rollout.Spec.Canary().Analysis
	current := &p.Status.Canary.CurrentBackgroundAnalysisRunStatus
	switch {
	case analysis == nil || p.Status.StableRS == "" || p.promoted():
		*current = nil
	case p.Status.Abort || p.Status.PromoteFull || p.withinWindow():
		p.refresh(*current)
	case p.index() >= or(analysis.StartingStep, 0):
		p.measure(v1alpha1.RolloutTypeBackground, "", 0, &analysis.RolloutAnalysis, current)
	}
}

// measure follows an analysis and begins it where it was not begun. A failure aborts the update, a result that says
// nothing lets it wait for a person, who begins another analysis by going on.
func (p *pass) measure(
	kind, suffix string, step int32, analysis *v1alpha1.RolloutAnalysis, current **v1alpha1.RolloutAnalysisRunStatus,
) v1alpha1.AnalysisPhase {
	if *current != nil && p.Runs[(*current).Name] == nil && !completed((*current).Status) {
		// Somebody deleted it, and nobody else will tell what it would have said.
		*current = nil
	}
	if *current != nil {
		was := (*current).Status
		p.refresh(*current)
		if _, waiting := p.paused(v1alpha1.PauseReasonInconclusiveAnalysis); waiting ||
			was != v1alpha1.AnalysisPhaseInconclusive {
			return p.judge(kind, *current)
		}
	}
	run := Run{Kind: kind, Step: step, Analysis: analysis}
	run.Name = p.runName(suffix, run.Asked())
	p.Begun = append(p.Begun, run)
	*current = &v1alpha1.RolloutAnalysisRunStatus{Name: run.Name, Status: v1alpha1.AnalysisPhasePending}
	return v1alpha1.AnalysisPhasePending
}

// refresh takes over what an AnalysisRun says. One that is gone says what it said last.
func (p *pass) refresh(current *v1alpha1.RolloutAnalysisRunStatus) {
	if current == nil {
		return
	}
	run, found := p.Runs[current.Name]
	if !found || !known(run.Status.Phase) || run.Status.Phase == current.Status && run.Status.Message == current.Message {
		return
	}
	p.tell("AnalysisRun"+string(run.Status.Phase), "Analysis Run '%s' Status New: '%s' Previous: '%s'",
		current.Name, run.Status.Phase, current.Status)
	current.Status, current.Message = run.Status.Phase, run.Status.Message
}

// judge acts on the result of an analysis.
func (p *pass) judge(kind string, current *v1alpha1.RolloutAnalysisRunStatus) v1alpha1.AnalysisPhase {
	switch current.Status {
	case v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError:
		p.abort(fmt.Sprintf("%s analysis phase error/failed: %s", analysisTitle(kind), current.Message))
	case v1alpha1.AnalysisPhaseInconclusive:
		p.pause(v1alpha1.PauseReasonInconclusiveAnalysis)
	case v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseRunning, v1alpha1.AnalysisPhasePending:
	}
	return current.Status
}

// analysisTitle names an analysis in messages.
func analysisTitle(kind string) string {
	switch kind {
	case v1alpha1.RolloutTypeStep:
		return "Step-based"
	case v1alpha1.RolloutTypePrePromotion:
		return "Blue/green pre-promotion"
	case v1alpha1.RolloutTypePostPromotion:
		return "Blue/green post-promotion"
	default:
		return "Background"
	}
}

// runName names an AnalysisRun after the revision and what it is for; a number tells apart those of one purpose. One
// that goes on with what is wanted was begun by a pass whose status was not written.
func (p *pass) runName(suffix, wanted string) string {
	base := fmt.Sprintf("%s-%s-%d%s", p.Rollout.Name, p.Status.CurrentPodHash, RevisionOf(p.New), suffix)
	for i, name := 1, base; ; i++ {
		found := p.Runs[name]
		if found == nil || !p.ended(name) && asked(found, wanted) {
			return name
		}
		name = fmt.Sprintf("%s.%d", base, i)
	}
}

// ended says that an AnalysisRun is over, or was asked to be.
func (p *pass) ended(name string) bool {
	run := p.Runs[name]
	return or(run.Spec.Terminate, false) || completed(run.Status.Phase)
}

// end names the AnalysisRuns that nobody waits for any more.
func (p *pass) end() {
	for name := range p.Runs {
		if p.ended(name) || p.awaited(name) {
			continue
		}
		p.Ended = append(p.Ended, name)
	}
	slices.Sort(p.Ended)
}

// awaited says that the update waits for an AnalysisRun.
func (p *pass) awaited(name string) bool {
	if p.Status.Abort || p.Status.PromoteFull || p.promoted() {
		return false
	}
	for _, current := range []*v1alpha1.RolloutAnalysisRunStatus{
		p.Status.Canary.CurrentStepAnalysisRunStatus, p.Status.Canary.CurrentBackgroundAnalysisRunStatus,
		p.Status.BlueGreen.PrePromotionAnalysisRunStatus, p.Status.BlueGreen.PostPromotionAnalysisRunStatus,
	} {
		if current != nil && current.Name == name {
			return true
		}
	}
	return false
}

// known says that a phase is one that an AnalysisRun can be in.
func known(phase v1alpha1.AnalysisPhase) bool {
	return completed(phase) || phase == v1alpha1.AnalysisPhasePending || phase == v1alpha1.AnalysisPhaseRunning
}

// completed says that an AnalysisRun has come to its end.
func completed(phase v1alpha1.AnalysisPhase) bool {
	switch phase {
	case v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError,
		v1alpha1.AnalysisPhaseInconclusive:
		return true
	case v1alpha1.AnalysisPhasePending, v1alpha1.AnalysisPhaseRunning:
	}
	return false
}
