// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// promote ends the present wait, or goes on to the next step, or skips all that is left.
func promote(_ context.Context, rollout *v1alpha1.Rollout, body runtime.Object) error {
	request := registry.As[*v1alpha1.RolloutPromote](body)
	if err := movedOn(rollout, request); err != nil {
		return err
	}
	paused := rollout.Spec.Paused != nil && *rollout.Spec.Paused
	if paused {
		// The peer writes an explicit false.
		rollout.Spec.Paused = new(false)
	}
	switch {
	case promoted(rollout):
		if !paused {
			return conflict(rollout, "nothing is left to promote")
		}
	case rollout.Status.Abort:
		return conflict(rollout, "its update is aborted: create rollouts/retry")
	case request.Full:
		rollout.Status.PromoteFull = true
	default:
		return goOn(rollout, paused)
	}
	return nil
}

// movedOn fails where the Rollout is not where the client saw it.
func movedOn(rollout *v1alpha1.Rollout, request *v1alpha1.RolloutPromote) error {
	if err := seen(rollout); err != nil {
		return err
	}
	if hash := rollout.Status.CurrentPodHash; request.CurrentPodHash != "" && request.CurrentPodHash != hash {
		return conflict(rollout, fmt.Sprintf("it is at revision %q: look at it again", hash))
	}
	if step := stepOf(&rollout.Status); request.CurrentStepIndex != nil && *request.CurrentStepIndex != step {
		return conflict(rollout, fmt.Sprintf("it is at step %d: look at it again", step))
	}
	return nil
}

// goOn does what the peer does: it ends a wait, and skips the step where the Rollout does not wait at it, or where the
// wait is for people to judge a result.
func goOn(rollout *v1alpha1.Rollout, paused bool) error {
	status, steps := &rollout.Status, len(stepsOf(rollout))
	step := stepOf(status)
	waits := len(status.PauseConditions) > 0
	run := status.Canary.CurrentStepAnalysisRunStatus
	inconclusive := run != nil && run.Status == v1alpha1.AnalysisPhaseInconclusive ||
		slices.ContainsFunc(status.PauseConditions, func(condition v1alpha1.PauseCondition) bool {
			return condition.Reason == v1alpha1.PauseReasonInconclusiveExperiment
		})
	switch {
	case waits && status.ControllerPause && inconclusive && int(step) < steps:
		status.PauseConditions, status.ControllerPause, status.CurrentStepIndex = nil, false, new(step+1)
	case waits:
		status.PauseConditions = nil
	case status.ControllerPause:
		return conflict(rollout, "the controller has not seen the last promotion yet: look at it again")
	case paused:
		// To go on is all that was asked for.
	case int(step) < steps:
		status.CurrentStepIndex = new(step + 1)
	default:
		return conflict(rollout, "it waits for nobody: to skip what is left, promote it in full")
	}
	return nil
}
