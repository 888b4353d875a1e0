// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/owner"
)

// ClusterOf returns the registered cluster in which a Rollout runs its pods, "" for the one that it is in itself.
func ClusterOf(rollout *v1alpha1.Rollout) string {
	return rollout.Annotations[v1alpha1.AnnotationCluster]
}

// Owns reports whether a ReplicaSet is a Rollout's.
func Owns(rollout *v1alpha1.Rollout, set *appsv1.ReplicaSet) bool {
	return owner.Rollout(rollout).Owns(set)
}

// validatePlace refuses what a Rollout of another cluster cannot have there.
func validatePlace(rollout *v1alpha1.Rollout, path *field.Path) field.ErrorList {
	canary := rollout.Spec.Canary()
	if ClusterOf(rollout) == "" || canary == nil {
		return nil
	}
	at := path.Child("strategy", "canary")
	for i := range canary.Steps {
		if canary.Steps[i].Experiment != nil {
			return field.ErrorList{field.Forbidden(at.Child("steps").Index(i).Child("experiment"),
				"an Experiment has no pods in another cluster: leave the step out")}
		}
	}
	return nil
}
