// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// recheckInvalid is how long to wait before a spec that cannot be carried out is looked at again: what it lacks may be
// there by then.
const recheckInvalid = 20 * time.Second

// phase says in one word, and in one sentence, how the Rollout is (as Argo Rollouts 1.9: utils/rollout/rolloututil.go,
// CalculateRolloutPhase).
func phase(rollout *v1alpha1.Rollout, status *v1alpha1.RolloutStatus) (v1alpha1.RolloutPhase, string) {
	if invalid := conditionOf(status, v1alpha1.RolloutInvalidSpec); invalid != nil {
		return v1alpha1.RolloutPhaseDegraded, fmt.Sprintf("%s: %s", v1alpha1.RolloutInvalidSpec, invalid.Message)
	}
	if current := conditionOf(status, v1alpha1.RolloutProgressing); current != nil &&
		(current.Reason == reasonAborted || current.Reason == reasonTimedOut) {
		return v1alpha1.RolloutPhaseDegraded, fmt.Sprintf("%s: %s", current.Reason, current.Message)
	}
	if or(rollout.Spec.Paused, false) {
		return v1alpha1.RolloutPhasePaused, "manually paused"
	}
	if len(status.PauseConditions) > 0 {
		return v1alpha1.RolloutPhasePaused, string(status.PauseConditions[0].Reason)
	}
	if message := unfinished(rollout, status); message != "" {
		return v1alpha1.RolloutPhaseProgressing, message
	}
	return v1alpha1.RolloutPhaseHealthy, ""
}

// unfinished returns what is still to come, "" where nothing is.
func unfinished(rollout *v1alpha1.Rollout, status *v1alpha1.RolloutStatus) string {
	desired := Replicas(rollout)
	switch {
	case rollout.Spec.RestartAt != nil && !rollout.Spec.RestartAt.Equal(status.RestartedAt):
		return "rollout is restarting"
	case status.UpdatedReplicas < desired:
		return "more replicas need to be updated"
	case status.AvailableReplicas < status.UpdatedReplicas:
		return "updated replicas are still becoming available"
	case rollout.Spec.BlueGreen() != nil:
		return unfinishedBlueGreen(rollout, status)
	case !routed(rollout) && status.Replicas > status.UpdatedReplicas:
		return "old replicas are pending termination"
	case status.StableRS == "" || status.StableRS != status.CurrentPodHash:
		return "waiting for all steps to complete"
	default:
		return ""
	}
}

func unfinishedBlueGreen(rollout *v1alpha1.Rollout, status *v1alpha1.RolloutStatus) string {
	switch {
	case status.BlueGreen.ActiveSelector == "" || status.BlueGreen.ActiveSelector != status.CurrentPodHash:
		return "active service cutover pending"
	case status.StableRS != "" && status.StableRS == status.CurrentPodHash:
		return ""
	case rollout.Spec.BlueGreen().PostPromotionAnalysis != nil:
		return "waiting for analysis to complete"
	default:
		return "waiting for post-promotion verification to complete"
	}
}

// report writes conditions and the phase.
func (p *pass) report() {
	p.conditions()
	p.Status.Phase, p.Status.Message = phase(p.Rollout, &p.Status)
}

// Invalid returns the status of a Rollout whose spec cannot be carried out; its pods stay as they are.
func Invalid(facts Facts, problem error) Decision {
	p := &pass{Facts: facts, Decision: Decision{Status: *facts.Rollout.Status.DeepCopy()}}
	message := fmt.Sprintf("The Rollout %q is invalid: %v", facts.Rollout.Name, problem)
	p.observe()
	if before := conditionOf(&p.Status, v1alpha1.RolloutInvalidSpec); before == nil || before.Message != message {
		p.Status.Conditions = without(p.Status.Conditions, v1alpha1.RolloutInvalidSpec)
		setCondition(&p.Status, v1alpha1.RolloutInvalidSpec, corev1.ConditionTrue, reasonInvalidSpec, message, facts.Now)
		p.warn(reasonInvalidSpec, message)
	}
	p.Status.Phase, p.Status.Message = phase(facts.Rollout, &p.Status)
	p.Again = recheckInvalid
	return p.Decision
}
