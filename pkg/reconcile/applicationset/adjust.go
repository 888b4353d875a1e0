// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// adjust returns an existing Application as its set wants it: spec, labels, annotations
// and finalizers as generated, but for what others keep there (as Argo CD 3.5:
// controllers/applicationset_controller.go). Operation and status are left alone.
func adjust(set *v1alpha1.ApplicationSet, current, made *v1alpha1.Application) (*v1alpha1.Application, error) {
	adjusted := current.DeepCopy()
	made = made.DeepCopy()
	adjusted.Spec = made.Spec
	adjusted.Labels, adjusted.Annotations, adjusted.Finalizers = made.Labels, made.Annotations, made.Finalizers
	if kept := set.Spec.PreservedFields; kept != nil {
		adjusted.Labels = keep(adjusted.Labels, current.Labels, slices.Values(kept.Labels))
		adjusted.Annotations = keep(adjusted.Annotations, current.Annotations, slices.Values(kept.Annotations))
	}
	adjusted.Annotations = keep(adjusted.Annotations, current.Annotations, func(yield func(string) bool) {
		for key := range current.Annotations {
			if isState(key) && !yield(key) {
				return
			}
		}
	})
	for _, finalizer := range current.Finalizers {
		if holdsDeletion(finalizer) && !slices.Contains(adjusted.Finalizers, finalizer) {
			adjusted.Finalizers = append(adjusted.Finalizers, finalizer)
		}
	}
	if err := ignore(set.Spec.IgnoreApplicationDifferences, current, adjusted); err != nil {
		return nil, err
	}
	adjusted.OwnerReferences = ownedBy(set, current.OwnerReferences)
	return adjusted, nil
}

// same compares what a set may write of an Application.
func same(a, b *v1alpha1.Application) bool {
	return equality.Semantic.DeepEqual(a.Spec, b.Spec) &&
		equality.Semantic.DeepEqual(a.Labels, b.Labels) &&
		equality.Semantic.DeepEqual(a.Annotations, b.Annotations) &&
		equality.Semantic.DeepEqual(a.Finalizers, b.Finalizers) &&
		equality.Semantic.DeepEqual(a.OwnerReferences, b.OwnerReferences)
}

// keep copies the named entries of current, where there are any, over made.
func keep(made, current map[string]string, names func(func(string) bool)) map[string]string {
	kept := maps.Clone(made)
	for name := range names {
		if value, found := current[name]; found {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[name] = value
		}
	}
	return kept
}

// isState reports whether an annotation is what people ask of Applications, or what the
// notifications keep there.
func isState(annotation string) bool {
	return annotation == v1alpha1.AnnotationKeyRefresh || annotation == v1alpha1.AnnotationKeyHydrate ||
		annotation == v1alpha1.AnnotationKeyNotified || strings.HasPrefix(annotation, v1alpha1.AnnotationKeyNotified+"/")
}

// holdsDeletion reports whether a finalizer is set by who runs deletion hooks.
func holdsDeletion(finalizer string) bool {
	return strings.HasPrefix(finalizer, v1alpha1.PreDeleteFinalizerName) ||
		strings.HasPrefix(finalizer, v1alpha1.PostDeleteFinalizerName)
}

// ownedBy returns references with set as the controller.
func ownedBy(set *v1alpha1.ApplicationSet, references []metav1.OwnerReference) []metav1.OwnerReference {
	controller := metav1.OwnerReference{
		APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: kind, Name: set.Name, UID: set.UID,
		Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true),
	}
	references = slices.Clone(references)
	for i := range references {
		if references[i].UID == set.UID {
			references[i] = controller
			return references
		}
	}
	return append(references, controller)
}
