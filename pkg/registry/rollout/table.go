// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// column is a column of Rollouts.
type column = registry.Column[*v1alpha1.Rollout]

// newTable returns how kubectl get prints Rollouts: the peer's columns, and with -o wide what they are doing.
func newTable() registry.Table[*v1alpha1.Rollout] {
	return registry.NewTable(v1alpha1.Resource("rollouts"), []column{
		{Name: "Desired", Type: "integer", Description: "Number of desired pods", Cell: desired},
		{Name: "Current", Type: "integer", Description: "Number of pods",
			Cell: func(r *v1alpha1.Rollout) any { return int64(r.Status.Replicas) }},
		{Name: "Up-to-date", Type: "integer", Description: "Number of pods of the desired template",
			Cell: func(r *v1alpha1.Rollout) any { return int64(r.Status.UpdatedReplicas) }},
		{Name: "Available", Type: "integer", Description: "Number of pods that were ready for the minimum time",
			Cell: func(r *v1alpha1.Rollout) any { return int64(r.Status.AvailableReplicas) }},
	}, []column{
		{Name: "Strategy", Description: "How pods are replaced", Cell: strategyName},
		{Name: "Step", Description: "Completed and all steps of a canary", Cell: steps},
		{Name: "Status", Description: "State of the Rollout in one word",
			Cell: func(r *v1alpha1.Rollout) any { return string(r.Status.Phase) }},
		{Name: "Message", Description: "Explanation of the status",
			Cell: func(r *v1alpha1.Rollout) any { return r.Status.Message }},
	})
}

// desired returns the number of desired pods, nil where the user left it out.
func desired(rollout *v1alpha1.Rollout) any {
	if rollout.Spec.Replicas == nil {
		return nil
	}
	return int64(*rollout.Spec.Replicas)
}

// strategyName returns the name of the strategy, nil where there is none.
func strategyName(rollout *v1alpha1.Rollout) any {
	switch {
	case rollout.Spec.BlueGreen() != nil:
		return "BlueGreen"
	case rollout.Spec.Canary() != nil:
		return "Canary"
	default:
		return nil
	}
}

// steps returns the completed and all steps of a canary, nil where there are none.
func steps(rollout *v1alpha1.Rollout) any {
	canary := rollout.Spec.Canary()
	if canary == nil || len(canary.Steps) == 0 {
		return nil
	}
	var completed int32
	if rollout.Status.CurrentStepIndex != nil {
		completed = *rollout.Status.CurrentStepIndex
	}
	return fmt.Sprintf("%d/%d", completed, len(canary.Steps))
}
