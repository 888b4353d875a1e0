// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analyses

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Users returns a template and all that are made of it, also through others. Those of the cluster have no namespace.
func (t Templates) Users(of types.NamespacedName) []types.NamespacedName {
	users := []types.NamespacedName{of}
	for i := 0; i < len(users); i++ {
		for _, user := range t.naming(users[i]) {
			if !slices.Contains(users, user) {
				users = append(users, user)
			}
		}
	}
	return users
}

// naming returns the templates that name one. One of the cluster that names one of a namespace means the namespace of
// the analysis, which can be any. What cannot be listed names none.
func (t Templates) naming(wanted types.NamespacedName) []types.NamespacedName {
	var users []types.NamespacedName
	namespaced, _ := t.Namespaced.List(labels.Everything())
	for _, template := range namespaced {
		if names(template.Spec.Templates, wanted, template.Namespace) {
			users = append(users, types.NamespacedName{Namespace: template.Namespace, Name: template.Name})
		}
	}
	cluster, _ := t.Cluster.List(labels.Everything())
	for _, template := range cluster {
		if names(template.Spec.Templates, wanted, wanted.Namespace) {
			users = append(users, types.NamespacedName{Name: template.Name})
		}
	}
	return users
}

// names says that a template is among references as they are meant in a namespace.
func names(refs []v1alpha1.AnalysisTemplateRef, wanted types.NamespacedName, namespace string) bool {
	return slices.ContainsFunc(refs,
		func(ref v1alpha1.AnalysisTemplateRef) bool { return Named(ref, namespace) == wanted })
}

// Named returns what a reference means in a namespace. A template of the cluster has no namespace.
func Named(ref v1alpha1.AnalysisTemplateRef, namespace string) types.NamespacedName {
	if ref.ClusterScope != nil && *ref.ClusterScope {
		return types.NamespacedName{Name: ref.TemplateName}
	}
	return types.NamespacedName{Namespace: namespace, Name: ref.TemplateName}
}
