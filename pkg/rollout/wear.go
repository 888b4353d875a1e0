// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"encoding/json"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// PodChange is what a running pod changes for the role that its ReplicaSet has now; what is to go is nil.
type PodChange struct {
	// Pod is the pod as it is.
	Pod *corev1.Pod
	// Labels and Annotations are those to write.
	Labels, Annotations map[string]*string
}

// Former says that pods of a ReplicaSet may still wear the metadata of an earlier role, and returns it.
func Former(set *appsv1.ReplicaSet) (v1alpha1.PodTemplateMetadata, bool) {
	var former v1alpha1.PodTemplateMetadata
	raw, given := set.Annotations[v1alpha1.AnnotationFormerMetadata]
	if !given || json.Unmarshal([]byte(raw), &former) != nil {
		// What cannot be read names nothing that pods should take off.
		return v1alpha1.PodTemplateMetadata{}, given
	}
	return former, true
}

// Wear returns what the pods of a ReplicaSet change so that they wear what new ones do, as far as the metadata of roles
// goes. Pods of others, and those on their way out, stay as they are.
func Wear(set *appsv1.ReplicaSet, pods []corev1.Pod) []PodChange {
	former, _ := Former(set)
	present := EphemeralOf(set)
	var changes []PodChange
	for i := range pods {
		pod := &pods[i]
		if owner := metav1.GetControllerOfNoCopy(pod); owner == nil || owner.UID != set.UID || pod.DeletionTimestamp != nil {
			continue
		}
		change := PodChange{
			Pod:         pod,
			Labels:      worn(pod.Labels, set.Spec.Template.Labels, former.Labels, present.Labels),
			Annotations: worn(pod.Annotations, set.Spec.Template.Annotations, former.Annotations, present.Annotations),
		}
		if len(change.Labels)+len(change.Annotations) > 0 {
			changes = append(changes, change)
		}
	}
	return changes
}

// worn are the changes by which a pod gets the values that its template has now, of those that roles gave.
func worn(pod, template, former, present map[string]string) map[string]*string {
	roles := maps.Clone(former)
	if roles == nil {
		roles = map[string]string{}
	}
	maps.Copy(roles, present)
	changes := map[string]*string{}
	for key := range roles {
		is, wears := pod[key]
		wanted, stays := template[key]
		switch {
		case stays && (!wears || is != wanted):
			changes[key] = &wanted
		case !stays && wears:
			changes[key] = nil
		}
	}
	return changes
}
