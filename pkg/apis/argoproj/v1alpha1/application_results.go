// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ApplicationManifests is the result of GET applications/NAME/manifests; it is computed and never stored.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationManifests struct {
	metav1.TypeMeta `json:""`
	// revision is the resolved revision of the source.
	// +optional
	Revision string `json:"revision,omitempty"`
	// revisions are the resolved revisions of the sources, in their order.
	// +optional
	// +listType=atomic
	Revisions []string `json:"revisions,omitzero"`
	// sourceType is the tool that rendered the source.
	// +optional
	SourceType ApplicationSourceType `json:"sourceType,omitempty"`
	// manifests are the objects, in the order in which the tool printed them.
	// +listType=atomic
	Manifests []JSON `json:"manifests"`
}

// ApplicationDiff is the result of GET applications/NAME/diff; it is computed and never stored.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationDiff struct {
	metav1.TypeMeta `json:""`
	// revision is the resolved revision of the source.
	// +optional
	Revision string `json:"revision,omitempty"`
	// revisions are the resolved revisions of several sources, in their order.
	// +optional
	// +listType=atomic
	Revisions []string `json:"revisions,omitzero"`
	// items are the objects that a sync would look at, in the order of the sync.
	// +listType=atomic
	Items []ApplicationDiffItem `json:"items"`
}

// ApplicationDiffItem is what a sync would do to one object.
type ApplicationDiffItem struct {
	// group is the API group.
	// +optional
	Group string `json:"group,omitempty"`
	// version is the API version.
	// +optional
	Version string `json:"version,omitempty"`
	// kind is the kind.
	Kind string `json:"kind"`
	// namespace is the namespace.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// name is the name.
	Name string `json:"name"`
	// action is Create, Update, Prune or None.
	Action ApplicationDiffAction `json:"action"`
	// live is the object as it is, the data of Secrets masked; absent where there is none.
	// +optional
	Live JSON `json:"live,omitzero"`
	// predicted is the object as it would be, the data of Secrets masked; absent where there would be none.
	// +optional
	Predicted JSON `json:"predicted,omitzero"`
	// diff compares live with predicted, as a unified diff of YAML.
	// +optional
	Diff string `json:"diff,omitempty"`
}

// ApplicationDiffAction is what a sync would do to an object.
type ApplicationDiffAction string

// The actions.
const (
	ApplicationDiffCreate ApplicationDiffAction = "Create"
	ApplicationDiffUpdate ApplicationDiffAction = "Update"
	ApplicationDiffPrune  ApplicationDiffAction = "Prune"
	ApplicationDiffNone   ApplicationDiffAction = "None"
)

// ApplicationResources is the result of GET applications/NAME/resources: all objects, without a bound.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationResources struct {
	metav1.TypeMeta `json:""`
	// items are the objects.
	// +listType=atomic
	Items []ResourceStatus `json:"items"`
}
