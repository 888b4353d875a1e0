// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// pass is one decision in the making: the facts, the status as it becomes, and what was decided so far.
type pass struct {
	Facts
	Decision
	// stable is the set that was promoted last, nil before the first promotion.
	stable *appsv1.ReplicaSet
	// older are all sets but the new and the stable one, the newest first.
	older []*appsv1.ReplicaSet
	// deadlines are the times at which sets are scaled down.
	deadlines map[*appsv1.ReplicaSet]time.Time
	// sizes are the numbers of pods that sets should have.
	sizes map[*appsv1.ReplicaSet]int32
	// progressed says that the update came nearer to its end since the last status.
	progressed bool
}

// Decide returns how a Rollout whose spec is valid, and whose new ReplicaSet is there, goes on.
func Decide(facts Facts) Decision {
	p := &pass{
		Facts:     facts,
		Decision:  Decision{Status: *facts.Rollout.Status.DeepCopy()},
		deadlines: map[*appsv1.ReplicaSet]time.Time{},
		sizes:     map[*appsv1.ReplicaSet]int32{},
	}
	p.comeBack()
	p.follow()
	p.begin()
	p.classify()
	p.heed()
	p.count()
	p.expire()
	if facts.Rollout.Spec.BlueGreen() != nil {
		p.blueGreen()
	} else {
		p.canary()
	}
	p.end()
	p.endExperiments()
	p.restart()
	p.change()
	p.report()
	p.release()
	return p.Decision
}

// classify finds the stable set and the older ones. It is asked again once a revision was promoted.
func (p *pass) classify() {
	p.stable, p.older = nil, nil
	for _, set := range slices.Backward(p.Sets) {
		switch {
		case HashOf(set) == p.Status.StableRS && p.Status.StableRS != "":
			p.stable = set
		case set != p.New:
			p.older = append(p.older, set)
		}
	}
	if p.stable == nil {
		// It is gone, and there is nothing to go back to.
		p.Status.StableRS = ""
	}
	for _, set := range p.Sets {
		p.sizes[set] = or(set.Spec.Replicas, 1)
		if deadline, err := time.Parse(time.RFC3339, set.Annotations[v1alpha1.AnnotationScaleDownDeadline]); err == nil {
			p.deadlines[set] = deadline
		}
	}
}

// HashOf returns the pod template hash of a ReplicaSet.
func HashOf(set *appsv1.ReplicaSet) string {
	if set == nil {
		return ""
	}
	return set.Labels[v1alpha1.LabelPodTemplateHash]
}

// RevisionOf returns the number of a ReplicaSet's revision, 0 where it has none.
func RevisionOf(set *appsv1.ReplicaSet) int64 {
	if set == nil {
		return 0
	}
	number, err := strconv.ParseInt(set.Annotations[v1alpha1.AnnotationRevision], 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// promoted says that the new revision is the stable one.
func (p *pass) promoted() bool {
	return p.Status.StableRS != "" && p.Status.StableRS == p.Status.CurrentPodHash
}

// index is the index of the current step, or the number of steps after the last one. Clients write it too: what they
// write beyond either end is the end.
func (p *pass) index() int32 {
	return min(max(0, or(p.Status.CurrentStepIndex, 0)), int32(len(p.steps())))
}

// steps are the steps of a canary.
func (p *pass) steps() []v1alpha1.CanaryStep {
	if canary := p.Rollout.Spec.Canary(); canary != nil {
		return canary.Steps
	}
	return nil
}

// jump goes to a step, by its index.
func (p *pass) jump(index int) {
	if len(p.steps()) == 0 {
		p.Status.CurrentStepIndex = nil
		return
	}
	p.Status.CurrentStepIndex = new(int32(index))
}

// paused says that the update waits for a reason.
func (p *pass) paused(reason v1alpha1.PauseReason) (since time.Time, paused bool) {
	for _, condition := range p.Status.PauseConditions {
		if condition.Reason == reason {
			return condition.StartTime.Time, true
		}
	}
	return time.Time{}, false
}

// pause lets the update wait.
func (p *pass) pause(reason v1alpha1.PauseReason) {
	if _, already := p.paused(reason); already {
		return
	}
	p.Status.PauseConditions = append(p.Status.PauseConditions,
		v1alpha1.PauseCondition{Reason: reason, StartTime: metav1.NewTime(p.Now)})
	p.Status.ControllerPause = true
	p.tell(reasonPaused, "Rollout is paused (%s)", reason)
}

// resume ends a wait.
func (p *pass) resume(reason v1alpha1.PauseReason) {
	p.Status.PauseConditions = slices.DeleteFunc(p.Status.PauseConditions,
		func(condition v1alpha1.PauseCondition) bool { return condition.Reason == reason })
	if len(p.Status.PauseConditions) == 0 {
		p.Status.PauseConditions, p.Status.ControllerPause = nil, false
	}
}

// resumeAll ends every wait.
func (p *pass) resumeAll() { p.Status.PauseConditions, p.Status.ControllerPause = nil, false }

// halted says that pods stay as they are: a person stopped the Rollout, or an analysis could not tell.
func (p *pass) halted() bool {
	_, inconclusive := p.paused(v1alpha1.PauseReasonInconclusiveAnalysis)
	return or(p.Rollout.Spec.Paused, false) || inconclusive
}

// wake asks for another look at a time, unless an earlier one was asked for.
func (p *pass) wake(at time.Time) {
	after := max(at.Sub(p.Now), time.Millisecond)
	if p.Again == 0 || after < p.Again {
		p.Again = after
	}
}
