// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package project

import (
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Orphaned reports whether an object that no Application tracks counts as orphaned: not where the project
// ignores it, nor where Kubernetes makes it by itself (as Argo CD 3.5: controller/appcontroller.go
// isKnownOrphanedResourceExclusion).
func Orphaned(project *v1alpha1.AppProject, key manifest.Key) bool {
	if project.Spec.OrphanedResources == nil || ofKubernetes(key) {
		return false
	}
	for _, ignored := range project.Spec.OrphanedResources.Ignore {
		if matches(ignored.Group, key.Group) && orEvery(ignored.Kind, key.Kind) && orEvery(ignored.Name, key.Name) {
			return false
		}
	}
	return true
}

func ofKubernetes(key manifest.Key) bool {
	switch (manifest.Key{Group: key.Group, Kind: key.Kind, Name: key.Name}) {
	case manifest.Key{Kind: "ServiceAccount", Name: "default"}, manifest.Key{Kind: "ConfigMap", Name: "kube-root-ca.crt"}:
		return true
	case manifest.Key{Kind: "Service", Name: "kubernetes"}:
		return key.Namespace == "default"
	}
	return false
}

func orEvery(pattern, value string) bool { return pattern == "" || matches(pattern, value) }
