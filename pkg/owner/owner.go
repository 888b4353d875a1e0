// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package owner says whose an object is that one of ours has made. Beside its owner an owner reference says it, as
// clients expect. In another cluster a label holds the UID of the owner instead: the garbage collector there would take
// an owner that it cannot find for deleted.
package owner

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Owner is one of our objects that makes others, in its own cluster or in the one that it names.
type Owner struct {
	metav1.Object
	kind, label string
}

// Rollout is a Rollout as an owner.
func Rollout(rollout *v1alpha1.Rollout) Owner {
	return Owner{rollout, "Rollout", v1alpha1.LabelRolloutUID}
}

// Experiment is an Experiment as an owner.
func Experiment(experiment *v1alpha1.Experiment) Owner {
	return Owner{experiment, "Experiment", v1alpha1.LabelExperimentUID}
}

// Away reports an owner whose objects are in another cluster.
func (o Owner) Away() bool { return o.GetAnnotations()[v1alpha1.AnnotationCluster] != "" }

// Own makes an object the owner's.
func (o Owner) Own(object metav1.Object) {
	if !o.Away() {
		object.SetOwnerReferences([]metav1.OwnerReference{
			*metav1.NewControllerRef(o, v1alpha1.SchemeGroupVersion.WithKind(o.kind)),
		})
		return
	}
	labels := maps.Clone(object.GetLabels())
	if labels == nil {
		labels = map[string]string{}
	}
	labels[o.label] = string(o.GetUID())
	object.SetLabels(labels)
}

// Owns reports whether an object is the owner's.
func (o Owner) Owns(object metav1.Object) bool {
	switch {
	case object.GetNamespace() != o.GetNamespace():
		return false
	case o.Away():
		return o.GetUID() != "" && object.GetLabels()[o.label] == string(o.GetUID())
	default:
		return metav1.IsControlledBy(object, o)
	}
}

// Selector selects the objects of the owner in another cluster.
func (o Owner) Selector() string { return o.label + "=" + string(o.GetUID()) }
