// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// asked names the actions that a write of the status stands for, as the peer's kubectl plugin writes them, whatever the
// verb or the kind of patch. It names the first field that says anything else: the controller alone writes that.
func asked(before, after *v1alpha1.Rollout) ([]string, *field.Error) {
	old, updated := before.Status.DeepCopy(), after.Status.DeepCopy()
	var names []string
	if updated.Abort != old.Abort {
		name := "retry"
		if updated.Abort {
			name = "abort"
		}
		names = append(names, name)
	}
	promotes, problem := goesOn(old, updated, len(stepsOf(after)))
	if problem != nil {
		return nil, problem
	}
	if promotes {
		names = append(names, "promote")
	}
	updated.Abort, updated.PauseConditions, updated.ControllerPause = old.Abort, old.PauseConditions, old.ControllerPause
	updated.CurrentStepIndex, updated.PromoteFull = old.CurrentStepIndex, old.PromoteFull
	return names, differs(old, updated)
}

// goesOn says that a status ends a wait or skips steps; nothing of it may be said the other way round.
func goesOn(old, updated *v1alpha1.RolloutStatus, steps int) (bool, *field.Error) {
	promotes := false
	for _, change := range []struct {
		field            string
		changed, allowed bool
		says             string
	}{
		{
			"pauseConditions", len(updated.PauseConditions) != len(old.PauseConditions) || !within(updated, old),
			within(updated, old), "a client may remove pause conditions, and add none",
		},
		{
			"controllerPause", updated.ControllerPause != old.ControllerPause,
			old.ControllerPause, "a client may set it to false alone",
		},
		{
			"promoteFull", updated.PromoteFull != old.PromoteFull,
			updated.PromoteFull, "a client may set it to true alone",
		},
		{
			"currentStepIndex", !reflect.DeepEqual(updated.CurrentStepIndex, old.CurrentStepIndex),
			updated.CurrentStepIndex != nil && stepOf(updated) > stepOf(old) && int(stepOf(updated)) <= steps,
			fmt.Sprintf("a client may go on from step %d of %d, and not back", stepOf(old), steps),
		},
	} {
		if change.changed && !change.allowed {
			return false, field.Forbidden(field.NewPath("status", change.field), change.says)
		}
		promotes = promotes || change.changed
	}
	return promotes, nil
}

// within says that every pause condition of a status is in another.
func within(updated, old *v1alpha1.RolloutStatus) bool {
	for _, condition := range updated.PauseConditions {
		if !slices.ContainsFunc(old.PauseConditions, func(known v1alpha1.PauseCondition) bool {
			return known.Reason == condition.Reason && known.StartTime.Equal(&condition.StartTime)
		}) {
			return false
		}
	}
	return true
}

// differs names the first field in which two statuses differ, nil where they do not.
func differs(old, updated *v1alpha1.RolloutStatus) *field.Error {
	path := field.NewPath("status")
	var read [2]map[string]any
	for i, status := range []*v1alpha1.RolloutStatus{old, updated} {
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(status)
		if err != nil {
			return field.InternalError(path, err)
		}
		read[i] = fields
	}
	names := slices.Concat(slices.Collect(maps.Keys(read[0])), slices.Collect(maps.Keys(read[1])))
	slices.Sort(names)
	for _, name := range names {
		if !reflect.DeepEqual(read[0][name], read[1][name]) {
			return field.Forbidden(path.Child(name), "the controller alone writes it; "+
				"a client may abort, retry and promote: create rollouts/abort, rollouts/retry or rollouts/promote")
		}
	}
	return nil
}

// overrides says that a change skips steps or analyses on which the update does not wait, or makes another template the
// desired one: what the author of the Rollout wrote does not happen.
func overrides(before, after *v1alpha1.Rollout) bool {
	if !bytes.Equal(before.Spec.Template.Raw, after.Spec.Template.Raw) {
		return true
	}
	if after.Status.PromoteFull && !before.Status.PromoteFull {
		return true
	}
	skipped := stepOf(&after.Status) - stepOf(&before.Status)
	return skipped > 1 || skipped == 1 && len(before.Status.PauseConditions) == 0
}

func stepsOf(rollout *v1alpha1.Rollout) []v1alpha1.CanaryStep {
	if canary := rollout.Spec.Canary(); canary != nil {
		return canary.Steps
	}
	return nil
}

// stepOf returns the index of the current step; an absent one is the first.
func stepOf(status *v1alpha1.RolloutStatus) int32 {
	if status.CurrentStepIndex == nil {
		return 0
	}
	return *status.CurrentStepIndex
}
