// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Dress gives the pods of a ReplicaSet the metadata of a role in place of that of another one, and notes it. Pods that
// run already wear that of the other one; it is noted too until they do not.
func Dress(set *appsv1.ReplicaSet, metadata v1alpha1.PodTemplateMetadata) error {
	before := EphemeralOf(set)
	if sameMetadata(before, metadata) {
		return nil
	}
	if set.UID != "" {
		former, _ := Former(set)
		err := note(set, v1alpha1.AnnotationFormerMetadata, v1alpha1.PodTemplateMetadata{
			Labels:      exchanged(former.Labels, nil, before.Labels),
			Annotations: exchanged(former.Annotations, nil, before.Annotations),
		})
		if err != nil {
			return err
		}
	}
	if err := note(set, v1alpha1.AnnotationEphemeralMetadata, metadata); err != nil {
		return err
	}
	template := &set.Spec.Template
	template.Labels = exchanged(template.Labels, before.Labels, metadata.Labels)
	template.Annotations = exchanged(template.Annotations, before.Annotations, metadata.Annotations)
	return nil
}

// note writes metadata into an annotation.
func note(set *appsv1.ReplicaSet, annotation string, metadata v1alpha1.PodTemplateMetadata) error {
	raw, err := json.Marshal(metadata)
	if err != nil {
		return fmt.Errorf("note the metadata of the pods of %s: %w", set.Name, err)
	}
	set.Annotations = with(set.Annotations, annotation, string(raw))
	return nil
}

// exchanged returns values with some in the place of others.
func exchanged(values, before, after map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range values {
		if _, gone := before[key]; !gone {
			kept[key] = value
		}
	}
	for key, value := range after {
		kept[key] = value
	}
	return kept
}
