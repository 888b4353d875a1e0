// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	appsv1 "k8s.io/api/apps/v1"

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
