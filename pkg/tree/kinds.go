// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package tree

import "k8s.io/apimachinery/pkg/runtime/schema"

func podKind() schema.GroupKind { return schema.GroupKind{Kind: "Pod"} }

func claimKind() schema.GroupKind { return schema.GroupKind{Kind: "PersistentVolumeClaim"} }

func statefulSetKind() schema.GroupKind { return schema.GroupKind{Group: "apps", Kind: "StatefulSet"} }

// ownable tells whether objects of a kind are listed. The others are many, change all the time, and
// belong to nobody's Application (as the exclusions of Argo CD 3.5).
func ownable(kind schema.GroupKind) bool {
	switch kind.Group {
	case "events.k8s.io", "metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io":
		return false
	}
	switch kind {
	case schema.GroupKind{Kind: "Event"}, schema.GroupKind{Kind: "Endpoints"}, schema.GroupKind{Kind: "Node"},
		schema.GroupKind{Kind: "ComponentStatus"}, schema.GroupKind{Group: "coordination.k8s.io", Kind: "Lease"}:
		return false
	}
	return true
}

// owns tells whether a cluster-scoped object may own others; Kubernetes' own kinds do not.
func owns(kind schema.GroupKind) bool {
	switch kind.Group {
	case "", "rbac.authorization.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "storage.k8s.io",
		"scheduling.k8s.io", "networking.k8s.io", "admissionregistration.k8s.io", "node.k8s.io",
		"flowcontrol.apiserver.k8s.io", "certificates.k8s.io":
		return false
	}
	return true
}
