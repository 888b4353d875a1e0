// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// sameHeld refuses to turn a Rollout away from a workload that replaces its own pods: nobody would free it any more.
func sameHeld(updated, current *v1alpha1.Rollout) field.ErrorList {
	if !rollout.ReplacesInPlace(current) || sameWorkload(updated, current) {
		return nil
	}
	return field.ErrorList{field.Forbidden(field.NewPath("spec", "workloadRef"),
		fmt.Sprintf("it stays %s %q, whose pods wait for this Rollout: to drive another workload, delete the Rollout first; "+
			"that frees it", current.Spec.WorkloadRef.Kind, current.Spec.WorkloadRef.Name))}
}

// sameWorkload says that two Rollouts refer to the same workload.
func sameWorkload(a, b *v1alpha1.Rollout) bool {
	one, other := a.Spec.WorkloadRef, b.Spec.WorkloadRef
	if one == nil || other == nil {
		return one == other
	}
	return one.Kind == other.Kind && one.Name == other.Name
}
