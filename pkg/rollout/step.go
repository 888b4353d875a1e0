// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// walk goes through the steps as far as they are done, and begins the one that is not.
func (p *pass) walk() {
	steps := p.steps()
	switch {
	case len(steps) == 0:
		p.Status.CurrentStepIndex = nil
		return
	case p.Status.Abort || p.promoted() || p.Status.StableRS == "":
		return
	case p.Status.PromoteFull || p.withinWindow():
		p.resumeAll()
		p.jump(len(steps))
		return
	case or(p.Rollout.Spec.Paused, false):
		return
	}
	p.jump(int(p.index()))
	for int(p.index()) < len(steps) {
		step := &steps[p.index()]
		p.enter(step)
		if p.Status.Abort || !p.done(step) {
			return
		}
		p.leave(step)
	}
}

// enter begins a step that takes its time.
func (p *pass) enter(step *v1alpha1.CanaryStep) {
	if step.Pause != nil && len(p.Status.PauseConditions) == 0 && !p.Status.ControllerPause {
		p.pause(v1alpha1.PauseReasonCanaryPauseStep)
	}
	if step.Experiment != nil {
		p.experiment(step.Experiment)
	}
	if step.Analysis != nil {
		p.measure(v1alpha1.RolloutTypeStep, fmt.Sprintf("-%d", p.index()), p.index(), step.Analysis,
			&p.Status.Canary.CurrentStepAnalysisRunStatus)
	}
}

// leave goes on to the next step.
func (p *pass) leave(step *v1alpha1.CanaryStep) {
	p.resume(v1alpha1.PauseReasonCanaryPauseStep)
	p.Status.Canary.CurrentStepAnalysisRunStatus, p.Status.Canary.CurrentExperiment = nil, ""
	next := p.index() + 1
	p.jump(int(next))
	p.progressed = true
	p.tell(reasonStepCompleted, "Rollout step %d/%d completed (%s)", next, len(p.steps()), describe(step))
}

// done says that a step is complete.
func (p *pass) done(step *v1alpha1.CanaryStep) bool {
	switch {
	case step.Pause != nil:
		return p.waited(step.Pause)
	case step.SetWeight != nil:
		return p.reached() && p.weighted()
	case step.SetCanaryScale != nil:
		return p.reached()
	case step.Analysis != nil:
		current := p.Status.Canary.CurrentStepAnalysisRunStatus
		return current != nil && current.Status == v1alpha1.AnalysisPhaseSuccessful
	case step.Experiment != nil:
		return p.experimentDone()
	default:
		return step.SetHeaderRoute != nil || step.SetMirrorRoute != nil
	}
}

// waited says that a pause is over: its time has passed, or a client ended it.
func (p *pass) waited(pause *v1alpha1.RolloutPause) bool {
	since, paused := p.paused(v1alpha1.PauseReasonCanaryPauseStep)
	if !paused {
		return p.Status.ControllerPause && len(p.Status.PauseConditions) == 0
	}
	duration, limited := pauseDuration(pause)
	if !limited {
		return false
	}
	end := since.Add(duration)
	if p.Now.Before(end) {
		p.wake(end)
		return false
	}
	return true
}

// pauseDuration returns how long a pause takes, and false where a person ends it.
func pauseDuration(pause *v1alpha1.RolloutPause) (time.Duration, bool) {
	if pause.Duration == nil {
		return 0, false
	}
	duration, err := parseDuration(*pause.Duration)
	return duration, err == nil
}

// parseDuration reads a number of seconds, also as a text, or a duration such as 5m.
func parseDuration(value intstr.IntOrString) (time.Duration, error) {
	if value.Type == intstr.Int {
		return seconds(value.IntVal), nil
	}
	if count, err := strconv.ParseInt(value.StrVal, 10, 32); err == nil {
		return seconds(int32(count)), nil
	}
	duration, err := time.ParseDuration(value.StrVal)
	if err != nil {
		return 0, fmt.Errorf("%q is neither a number of seconds nor a duration such as 5m", value.StrVal)
	}
	return duration, nil
}

// weighted says that the routers hold the weight of the step.
func (p *pass) weighted() bool {
	if !routed(p.Rollout) {
		return true
	}
	weights := p.Status.Canary.Weights
	return p.Routed && weights != nil && weights.Canary.PodTemplateHash == p.Status.CurrentPodHash &&
		weights.Canary.Weight == p.weight() && or(weights.Verified, true)
}

// reached says that the numbers of pods are those that the present step asks for.
func (p *pass) reached() bool {
	want := p.target()
	if routed(p.Rollout) {
		want = p.routedTarget()
	}
	current := sizeOf(p.New)
	if current.Spec != want.New || !p.progressEnough(want.New, current.Available) {
		return false
	}
	if stable := p.distinctStable(); stable != nil && !dynamic(p.Rollout) {
		if size := sizeOf(stable); size.Spec != want.Stable || stable.Status.Replicas != want.Stable {
			return false
		}
	}
	if routed(p.Rollout) {
		return true
	}
	for _, set := range p.older {
		if set.Status.AvailableReplicas > 0 {
			return false
		}
	}
	return true
}

// progressEnough says that so many available pods out of the desired ones are enough to go on.
func (p *pass) progressEnough(desired, available int32) bool {
	threshold := p.Rollout.Spec.Canary().ReplicaProgressThreshold
	if threshold == nil || threshold.Value == nil {
		return available == desired
	}
	enough := *threshold.Value
	if threshold.Type == v1alpha1.ProgressTypePercent {
		enough = portion(desired, enough, fullWeight)
	}
	return available >= min(enough, desired)
}

// describe names a step as Events do.
func describe(step *v1alpha1.CanaryStep) string {
	switch {
	case step.SetWeight != nil:
		return fmt.Sprintf("setWeight: %d", *step.SetWeight)
	case step.Pause != nil && step.Pause.Duration != nil:
		return "pause: " + step.Pause.Duration.String()
	case step.Pause != nil:
		return "pause"
	case step.Analysis != nil:
		return "analysis"
	case step.Experiment != nil:
		return "experiment"
	case step.SetCanaryScale != nil:
		return "setCanaryScale"
	case step.SetHeaderRoute != nil:
		return "setHeaderRoute: " + step.SetHeaderRoute.Name
	case step.SetMirrorRoute != nil:
		return "setMirrorRoute: " + step.SetMirrorRoute.Name
	default:
		return ""
	}
}
