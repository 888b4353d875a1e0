// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// ClusterOf returns the registered cluster in which a Rollout runs its pods, "" for the one that it is in itself.
func ClusterOf(rollout *v1alpha1.Rollout) string {
	return rollout.Annotations[v1alpha1.AnnotationCluster]
}

// Owns reports whether a ReplicaSet is a Rollout's. In another cluster a label says so: the garbage collector there
// would take an owner that it cannot find for deleted.
func Owns(rollout *v1alpha1.Rollout, set *appsv1.ReplicaSet) bool {
	if set.Namespace != rollout.Namespace {
		return false
	}
	if ClusterOf(rollout) != "" {
		return set.Labels[v1alpha1.LabelRolloutUID] == string(rollout.UID)
	}
	return metav1.IsControlledBy(set, rollout)
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
	if canary.TrafficRouting == nil {
		return nil
	}
	return validateRouters(canary, at)
}

// validateRouters refuses those routers that make objects of the Rollout's own: the garbage collector of another
// cluster takes them away, as it cannot find their owner.
func validateRouters(canary *v1alpha1.CanaryStrategy, path *field.Path) field.ErrorList {
	const advice = "what it makes for the canary would not last in another cluster: use a router of another kind"
	routers := path.Child("trafficRouting")
	switch {
	case canary.TrafficRouting.Nginx != nil:
		return field.ErrorList{field.Forbidden(routers.Child("nginx"), advice)}
	case canary.TrafficRouting.SMI != nil:
		return field.ErrorList{field.Forbidden(routers.Child("smi"), advice)}
	case canary.TrafficRouting.Apisix == nil:
		return nil
	}
	for i := range canary.Steps {
		if canary.Steps[i].SetHeaderRoute != nil {
			return field.ErrorList{field.Forbidden(path.Child("steps").Index(i).Child("setHeaderRoute"),
				"the ApisixRoute of a header route would not last in another cluster: leave the step out")}
		}
	}
	return nil
}

// own makes a ReplicaSet a Rollout's.
func own(rollout *v1alpha1.Rollout, set *appsv1.ReplicaSet) {
	if ClusterOf(rollout) != "" {
		set.Labels = with(set.Labels, v1alpha1.LabelRolloutUID, string(rollout.UID))
		return
	}
	set.OwnerReferences = []metav1.OwnerReference{
		*metav1.NewControllerRef(rollout, v1alpha1.SchemeGroupVersion.WithKind("Rollout")),
	}
}
