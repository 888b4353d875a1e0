// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// progressing is what the condition Progressing says.
type progressing struct {
	status  metav1.ConditionStatus
	reason  string
	message string
}

// setProgressing writes the condition Progressing.
func (p *pass) setProgressing(now progressing) {
	setCondition(
		&p.Status, v1alpha1.RolloutProgressing, corev1.ConditionStatus(now.status), now.reason, now.message, p.Now)
}

// setAborted says that the update was taken back.
func (p *pass) setAborted(why string) {
	message := fmt.Sprintf("Rollout aborted update to revision %d", RevisionOf(p.New))
	if why != "" {
		message += ": " + why
	}
	p.setProgressing(progressing{metav1.ConditionFalse, reasonAborted, message})
	p.warn(reasonAborted, message)
}

// conditions writes what is true of the Rollout now.
func (p *pass) conditions() {
	p.Status.Conditions = without(p.Status.Conditions, v1alpha1.RolloutInvalidSpec)
	p.set(v1alpha1.RolloutAvailable, p.Status.AvailableReplicas >= Replicas(p.Rollout)-unavailable(p.Rollout),
		reasonAvailable, "Rollout has minimum availability", "Rollout does not have minimum availability")
	waiting := len(p.Status.PauseConditions) > 0 || or(p.Rollout.Spec.Paused, false)
	if waiting || conditionOf(&p.Status, v1alpha1.RolloutPaused) != nil {
		p.set(v1alpha1.RolloutPaused, waiting, reasonPaused, "Rollout is paused", "Rollout is paused")
	}
	complete := !waiting && p.complete()
	p.set(v1alpha1.RolloutCompleted, complete, reasonCompleted, "Rollout is completed", "Rollout is not completed")
	healthy := complete && p.healthy()
	p.set(v1alpha1.RolloutHealthy, healthy, reasonHealthy, "Rollout is healthy", "Rollout is not healthy")
	p.failures()
	p.progress(waiting, complete, healthy)
}

// set writes a condition that is true or false.
func (p *pass) set(kind v1alpha1.RolloutConditionType, is bool, reason, yes, no string) {
	status, message := corev1.ConditionFalse, no
	if is {
		status, message = corev1.ConditionTrue, yes
	}
	setCondition(&p.Status, kind, status, reason, message, p.Now)
}

// complete says that the new revision is the stable one, and that it is the one in use.
func (p *pass) complete() bool {
	return p.promoted() &&
		(p.Rollout.Spec.BlueGreen() == nil || p.Status.BlueGreen.ActiveSelector == p.Status.CurrentPodHash)
}

// healthy says that all pods are of the new revision and available.
func (p *pass) healthy() bool {
	desired := Replicas(p.Rollout)
	return p.Status.UpdatedReplicas == desired && p.Status.AvailableReplicas >= desired &&
		(p.Rollout.Spec.BlueGreen() != nil || routed(p.Rollout) || p.Status.Replicas == desired)
}

// failures says whether pods cannot be made.
func (p *pass) failures() {
	p.Status.Conditions = without(p.Status.Conditions, v1alpha1.RolloutReplicaFailure)
	for _, set := range p.inOrder() {
		for _, condition := range set.Status.Conditions {
			if condition.Type == appsv1.ReplicaSetReplicaFailure && condition.Status == corev1.ConditionTrue {
				// It begins when the ReplicaSet says so, and so it does not change from pass to pass.
				setCondition(&p.Status, v1alpha1.RolloutReplicaFailure, corev1.ConditionTrue,
					reasonReplicaFailure, condition.Message, condition.LastTransitionTime.Time)
				return
			}
		}
	}
}

// progress says how the update goes.
func (p *pass) progress(waiting, complete, healthy bool) {
	current := conditionOf(&p.Status, v1alpha1.RolloutProgressing)
	switch {
	case p.Status.Abort:
	case waiting:
		p.setProgressing(progressing{metav1.ConditionUnknown, reasonPaused, "Rollout is paused"})
	case complete && healthy:
		p.setProgressing(progressing{metav1.ConditionTrue, reasonSetAvailable,
			p.subject() + " has successfully progressed."})
	case current != nil && current.Reason == reasonSetAvailable && complete:
		// It was complete; pods that fail afterwards are no update.
	case p.New.UID == "":
		p.setProgressing(progressing{metav1.ConditionTrue, reasonSetCreated,
			fmt.Sprintf("Created new replica set %q", p.New.Name)})
		p.did(reasonSetCreated, "Created ReplicaSet %s (revision %d)", p.New.Name, RevisionOf(p.New))
	case p.progressed || current == nil:
		p.Status.Conditions = touched(p.Status.Conditions, v1alpha1.RolloutProgressing, p.Now)
		p.setProgressing(progressing{metav1.ConditionTrue, reasonSetUpdated,
			p.subject() + " is progressing."})
	case current.Reason == reasonPaused:
		p.setProgressing(progressing{metav1.ConditionUnknown, reasonResumed, "Rollout is resumed"})
	}
	if !waiting && !p.Status.Abort && (!complete || !healthy) {
		p.watchDeadline()
	}
}

// watchDeadline looks again when the update has made no progress for too long.
func (p *pass) watchDeadline() {
	current := conditionOf(&p.Status, v1alpha1.RolloutProgressing)
	if current == nil || current.Reason == reasonTimedOut || current.Reason == reasonSetAvailable || p.blocked() {
		return
	}
	if at := current.LastUpdateTime.Add(progressDeadline(p.Rollout) + time.Second); at.After(p.Now) {
		p.wake(at)
	}
}

// blocked says that the present step, or an analysis around the switch, takes its own time.
func (p *pass) blocked() bool {
	around := p.Status.BlueGreen
	if running(around.PrePromotionAnalysisRunStatus) || running(around.PostPromotionAnalysisRunStatus) {
		return true
	}
	steps, index := p.steps(), int(p.index())
	if index >= len(steps) {
		return false
	}
	step := &steps[index]
	return step.Pause != nil || step.Analysis != nil || step.Experiment != nil
}

// running says that an analysis has begun and not ended.
func running(current *v1alpha1.RolloutAnalysisRunStatus) bool {
	return current != nil && !completed(current.Status)
}

// waits says that nobody expects progress now, or that there was some.
func (p *pass) waits() bool {
	return p.progressed || p.Status.Abort || p.blocked() || len(p.deadlines) > 0 || len(p.Status.PauseConditions) > 0 ||
		or(p.Rollout.Spec.Paused, false)
}

// expire notes an update that has made no progress for too long, and aborts it where the spec says so.
func (p *pass) expire() {
	current := conditionOf(&p.Status, v1alpha1.RolloutProgressing)
	if current == nil || current.Reason == reasonTimedOut || current.Reason == reasonPaused ||
		current.Reason == reasonSetAvailable && p.complete() || p.waits() ||
		p.Now.Before(current.LastUpdateTime.Add(progressDeadline(p.Rollout))) {
		return
	}
	message := p.subject() + " has timed out progressing."
	if or(p.Rollout.Spec.ProgressDeadlineAbort, false) && !p.promoted() {
		p.abort(message)
		return
	}
	p.setProgressing(progressing{metav1.ConditionFalse, reasonTimedOut, message})
	p.warn(reasonTimedOut, message)
}

// conditionOf returns the condition of a type, nil where there is none.
func conditionOf(status *v1alpha1.RolloutStatus, kind v1alpha1.RolloutConditionType) *v1alpha1.RolloutCondition {
	for i := range status.Conditions {
		if status.Conditions[i].Type == kind {
			return &status.Conditions[i]
		}
	}
	return nil
}

// setCondition writes a condition at the end, unless its status and reason are as before.
func setCondition(status *v1alpha1.RolloutStatus, kind v1alpha1.RolloutConditionType, is corev1.ConditionStatus,
	reason, message string, now time.Time,
) {
	at := metav1.NewTime(now)
	condition := v1alpha1.RolloutCondition{
		Type: kind, Status: is, LastUpdateTime: at, LastTransitionTime: at, Reason: reason, Message: message,
	}
	if before := conditionOf(status, kind); before != nil {
		if before.Status == is && before.Reason == reason {
			return
		}
		if before.Status == is {
			condition.LastTransitionTime = before.LastTransitionTime
		}
	}
	status.Conditions = append(without(status.Conditions, kind), condition)
}

// touched renews the time of a condition.
func touched(
	conditions []v1alpha1.RolloutCondition, kind v1alpha1.RolloutConditionType, now time.Time,
) []v1alpha1.RolloutCondition {
	renewed := slices.Clone(conditions)
	for i := range renewed {
		if renewed[i].Type == kind {
			renewed[i].LastUpdateTime = metav1.NewTime(now)
		}
	}
	return renewed
}

func without(
	conditions []v1alpha1.RolloutCondition, kind v1alpha1.RolloutConditionType,
) []v1alpha1.RolloutCondition {
	return slices.DeleteFunc(slices.Clone(conditions),
		func(condition v1alpha1.RolloutCondition) bool { return condition.Type == kind })
}
