// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project

import (
	"fmt"
	"path"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// PermitsResource reports whether an Application of the project may hold a resource of the
// key's kind: cluster-scoped ones where the whitelist names them, namespaced ones where no
// list forbids them and the destinations reach the namespace.
func PermitsResource(project *v1alpha1.AppProject, key manifest.Key, namespaced bool, to Destination) error {
	if !namespaced {
		return permitsClusterResource(project, key)
	}
	if err := permitsNamespacedResource(project, key); err != nil {
		return err
	}
	to.Namespace = key.Namespace
	return PermitsDestination(project, to)
}

func permitsClusterResource(project *v1alpha1.AppProject, key manifest.Key) error {
	for _, item := range project.Spec.ClusterResourceBlacklist {
		if covers(item, key) {
			return fmt.Errorf("%s is in spec.clusterResourceBlacklist of AppProject %s", kindOf(key), project.Name)
		}
	}
	for _, item := range project.Spec.ClusterResourceWhitelist {
		if covers(item, key) {
			return nil
		}
	}
	return fmt.Errorf("%s is cluster-scoped and not in spec.clusterResourceWhitelist of AppProject %s",
		kindOf(key), project.Name)
}

func permitsNamespacedResource(project *v1alpha1.AppProject, key manifest.Key) error {
	for _, item := range project.Spec.NamespaceResourceBlacklist {
		if coversKind(item, key) {
			return fmt.Errorf("%s is in spec.namespaceResourceBlacklist of AppProject %s", kindOf(key), project.Name)
		}
	}
	if project.Spec.NamespaceResourceWhitelist == nil {
		return nil
	}
	for _, item := range project.Spec.NamespaceResourceWhitelist {
		if coversKind(item, key) {
			return nil
		}
	}
	return fmt.Errorf("%s is not in spec.namespaceResourceWhitelist of AppProject %s", kindOf(key), project.Name)
}

func covers(item v1alpha1.ClusterResourceRestrictionItem, key manifest.Key) bool {
	named := item.Name == nil || *item.Name == "" || matchesWord(*item.Name, key.Name)
	return named && matchesWord(item.Group, key.Group) && matchesWord(item.Kind, key.Kind)
}

func coversKind(item metav1.GroupKind, key manifest.Key) bool {
	return matchesWord(item.Group, key.Group) && matchesWord(item.Kind, key.Kind)
}

// matchesWord reports whether a value fits a pattern as the shell reads one; resource lists know no {a,b} and no "!"
// (as Argo CD 3.5: types.go isNamedResourceInList). A pattern that cannot be read matches nothing.
func matchesWord(pattern, value string) bool {
	matched, err := path.Match(pattern, value)
	return err == nil && matched
}

func kindOf(key manifest.Key) string {
	if key.Group == "" {
		return key.Kind
	}
	return key.Kind + "." + key.Group
}
