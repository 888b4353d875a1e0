// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"maps"
	"slices"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// validateRoles refuses metadata of roles that no pod can carry, or by which pods would leave their ReplicaSet.
func validateRoles(rollout *v1alpha1.Rollout, path *field.Path) field.ErrorList {
	var problems field.ErrorList
	if spec := rollout.Spec.Canary(); spec != nil {
		at := path.Child("canary")
		problems = append(problems, validateRole(rollout, spec.CanaryMetadata, at.Child("canaryMetadata"))...)
		problems = append(problems, validateRole(rollout, spec.StableMetadata, at.Child("stableMetadata"))...)
	}
	if spec := rollout.Spec.BlueGreen(); spec != nil {
		at := path.Child("blueGreen")
		problems = append(problems, validateRole(rollout, spec.PreviewMetadata, at.Child("previewMetadata"))...)
		problems = append(problems, validateRole(rollout, spec.ActiveMetadata, at.Child("activeMetadata"))...)
	}
	return problems
}

// validateRole names what is wrong with the metadata of a role, always in the same order.
func validateRole(
	rollout *v1alpha1.Rollout, metadata *v1alpha1.PodTemplateMetadata, path *field.Path,
) field.ErrorList {
	if metadata == nil {
		return nil
	}
	var problems field.ErrorList
	for _, key := range slices.Sorted(maps.Keys(metadata.Labels)) {
		one, at := map[string]string{key: metadata.Labels[key]}, path.Child("labels")
		problems = append(problems, metav1validation.ValidateLabels(one, at)...)
		if selects(rollout.Spec.Selector, key) {
			problems = append(problems, field.Invalid(at.Key(key), metadata.Labels[key],
				"this label says which pods are the Rollout's: use another one"))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(metadata.Annotations)) {
		one := map[string]string{key: metadata.Annotations[key]}
		problems = append(problems, apivalidation.ValidateAnnotations(one, path.Child("annotations"))...)
	}
	return problems
}

// selects says that a label makes a difference to a selector, or to that of a ReplicaSet.
func selects(selector *metav1.LabelSelector, key string) bool {
	if key == v1alpha1.LabelPodTemplateHash {
		return true
	}
	if selector == nil {
		return false
	}
	_, is := selector.MatchLabels[key]
	return is || slices.ContainsFunc(selector.MatchExpressions,
		func(term metav1.LabelSelectorRequirement) bool { return term.Key == key })
}
