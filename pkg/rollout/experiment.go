// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

// experiment follows the Experiment of a step and begins it where it was not begun. A failure aborts the update, a
// result that says nothing lets it wait for a person, who begins another Experiment by going on.
func (p *pass) experiment(step *v1alpha1.RolloutExperimentStep) {
	wentOn := p.Status.ControllerPause && len(p.Status.PauseConditions) == 0
	p.Status.ControllerPause = p.Status.ControllerPause && !wentOn
	current := p.currentExperiment()
	if current == nil || wentOn && current.Status.Phase == v1alpha1.AnalysisPhaseInconclusive {
		trial := Trial{Step: step}
		name := p.experimentName(trial.Asked())
		p.Status.Canary.CurrentExperiment, trial.Name = name, name
		p.Trials = append(p.Trials, trial)
		p.tell("ExperimentCreated", "Created Experiment '%s'", name)
		return
	}
	switch current.Status.Phase {
	case v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError:
		p.abort("Experiment analysis phase is error/failed: " + current.Status.Message)
	case v1alpha1.AnalysisPhaseInconclusive:
		p.pause(v1alpha1.PauseReasonInconclusiveExperiment)
	case v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseRunning, v1alpha1.AnalysisPhasePending:
	}
}

// currentExperiment is the Experiment of the present step, nil where there is none: another step's is over, and one
// that somebody deleted says nothing.
func (p *pass) currentExperiment() *v1alpha1.Experiment {
	name, base := p.Status.Canary.CurrentExperiment, p.experimentBase()
	if name != base && !strings.HasPrefix(name, base+"-") {
		return nil
	}
	return p.Experiments[name]
}

// experimentBase names an Experiment after the revision and the step.
func (p *pass) experimentBase() string {
	return fmt.Sprintf("%s-%s-%d-%d", p.Rollout.Name, p.Status.CurrentPodHash, RevisionOf(p.New), p.index())
}

// experimentName names the next Experiment of the step; a number tells apart those of one step. One that goes on with
// what is wanted was begun by a pass whose status was not written.
func (p *pass) experimentName(wanted string) string {
	base := p.experimentBase()
	for i, name := 1, base; ; i++ {
		found := p.Experiments[name]
		if found == nil || !overExperiment(found) && asked(found, wanted) {
			return name
		}
		name = fmt.Sprintf("%s-%d", base, i)
	}
}

// overExperiment says that an Experiment is over, or was asked to be.
func overExperiment(experiment *v1alpha1.Experiment) bool {
	return or(experiment.Spec.Terminate, false) || completed(experiment.Status.Phase)
}

// experimentDone says that the Experiment of the present step was successful.
func (p *pass) experimentDone() bool {
	current := p.currentExperiment()
	return current != nil && current.Status.Phase == v1alpha1.AnalysisPhaseSuccessful
}

// awaitsExperiment says that the update waits for an Experiment.
func (p *pass) awaitsExperiment(name string) bool {
	steps, index := p.steps(), int(p.index())
	return name == p.Status.Canary.CurrentExperiment && !p.Status.Abort && !p.Status.PromoteFull && !p.promoted() &&
		index < len(steps) && steps[index].Experiment != nil
}

// endExperiments names the Experiments that nobody waits for any more.
func (p *pass) endExperiments() {
	if name := p.Status.Canary.CurrentExperiment; name != "" && !p.awaitsExperiment(name) {
		p.Status.Canary.CurrentExperiment = ""
	}
	for name, experiment := range p.Experiments {
		if !overExperiment(experiment) && !p.awaitsExperiment(name) {
			p.EndedTrials = append(p.EndedTrials, name)
		}
	}
	slices.Sort(p.EndedTrials)
}

// additional are the Services of the present Experiment that carry traffic, as far as what the canary leaves goes:
// those whose pods are all available.
func (p *pass) additional(left int32) []traffic.Destination {
	experiment := p.currentExperiment()
	if experiment == nil || !p.awaitsExperiment(experiment.Name) || overExperiment(experiment) {
		return nil
	}
	var destinations []traffic.Destination
	for _, template := range p.steps()[p.index()].Experiment.Templates {
		weight := or(template.Weight, 0)
		at := slices.IndexFunc(experiment.Status.TemplateStatuses,
			func(status v1alpha1.TemplateStatus) bool { return status.Name == template.Name })
		if template.Weight == nil || at < 0 || weight > left {
			continue
		}
		status := experiment.Status.TemplateStatuses[at]
		if status.Status != v1alpha1.TemplateStatusRunning || status.AvailableReplicas == 0 || status.ServiceName == "" {
			continue
		}
		left -= weight
		destinations = append(destinations,
			traffic.Destination{Service: status.ServiceName, Hash: status.PodTemplateHash, Weight: weight})
	}
	return destinations
}
