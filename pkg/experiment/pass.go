// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// What an absent field means (as Argo Rollouts 1.9: utils/defaults/defaults.go).
const (
	defaultReplicas         = 1
	defaultProgressDeadline = 600
	defaultScaleDownDelay   = 30
)

// pass is one decision in the making: the facts, the status as it becomes, and what was decided so far.
type pass struct {
	Facts
	Decision
}

// Decide returns how an Experiment goes on. A spec that cannot be carried out ends it.
func Decide(facts Facts) Decision {
	p := &pass{Facts: facts, Decision: Decision{Status: *facts.Experiment.Status.DeepCopy()}}
	if conditionOf(&p.Status, v1alpha1.ExperimentInvalidSpec) != nil && Validate(facts.Experiment) == nil {
		// What was put right was never carried out: it begins.
		p.Status = v1alpha1.ExperimentStatus{}
	}
	p.comeBack()
	before := p.Status.Phase
	if !p.over() {
		p.advance()
	}
	if before != p.Status.Phase {
		p.tell("Experiment"+string(p.Status.Phase), bad(p.Status.Phase),
			"Experiment transitioned from %s -> %s", before, p.Status.Phase)
	}
	p.endRuns()
	p.provide()
	p.retire()
	return p.Decision
}

// advance takes an Experiment that is not over as far as it goes.
func (p *pass) advance() {
	if problem := Validate(p.Experiment); problem != nil {
		p.refuse(problem)
		return
	}
	p.prune()
	p.watchTemplates()
	p.analyse()
	p.judge()
	p.conditions()
}

// prune drops the status of what the spec does not name any more.
func (p *pass) prune() {
	spec := &p.Experiment.Spec
	p.Status.TemplateStatuses = slices.DeleteFunc(p.Status.TemplateStatuses,
		func(status v1alpha1.TemplateStatus) bool { return p.templateOf(status.Name) == nil })
	p.Status.AnalysisRuns = slices.DeleteFunc(p.Status.AnalysisRuns,
		func(status v1alpha1.ExperimentAnalysisRunStatus) bool {
			return !slices.ContainsFunc(spec.Analyses,
				func(one v1alpha1.ExperimentAnalysisTemplateRef) bool { return one.Name == status.Name })
		})
}

// over says that the Experiment has come to its end.
func (p *pass) over() bool { return p.Status.Phase.Completed() }

// ending says that nothing begins any more.
func (p *pass) ending() bool {
	if p.over() || ptr.Deref(p.Experiment.Spec.Terminate, false) {
		return true
	}
	for _, template := range p.Status.TemplateStatuses {
		if template.Status == v1alpha1.TemplateStatusFailed || template.Status == v1alpha1.TemplateStatusError {
			return true
		}
	}
	for _, analysis := range p.Status.AnalysisRuns {
		if bad(analysis.Phase) {
			return true
		}
	}
	return false
}

// elapsed says that the Experiment has run for as long as it should, and looks again when it will have.
func (p *pass) elapsed() bool {
	end, limited := endOf(p.Experiment, &p.Status)
	if !limited {
		return false
	}
	if p.Now.Before(end) {
		p.wake(end)
		return false
	}
	return true
}

// endOf returns when an Experiment has run for as long as it should; without a duration, and before its pods are
// available, there is no such time.
func endOf(experiment *v1alpha1.Experiment, status *v1alpha1.ExperimentStatus) (end time.Time, limited bool) {
	if experiment.Spec.Duration == "" || status.AvailableAt == nil {
		return time.Time{}, false
	}
	// Validation names a duration that cannot be read.
	duration, err := experiment.Spec.Duration.Duration()
	return status.AvailableAt.Add(duration), err == nil
}

// bad says that a phase ends an Experiment before its time.
func bad(phase v1alpha1.AnalysisPhase) bool {
	return phase.Completed() && phase != v1alpha1.AnalysisPhaseSuccessful
}

// moment is the time as a status keeps it: in whole seconds.
func (p *pass) moment() *metav1.Time { return new(metav1.NewTime(p.Now.Truncate(time.Second))) }

// tell adds an Event.
func (p *pass) tell(reason string, warning bool, format string, args ...any) {
	p.Events = append(p.Events, rollout.Event{Warning: warning, Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// wake asks for another look at a time, unless an earlier one was asked for.
func (p *pass) wake(at time.Time) {
	after := max(at.Sub(p.Now), time.Millisecond)
	if p.Again == 0 || after < p.Again {
		p.Again = after
	}
}
