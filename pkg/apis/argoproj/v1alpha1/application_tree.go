// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ResourceRef names an object in the destination.
type ResourceRef struct {
	// group is the API group.
	// +optional
	Group string `json:"group,omitempty"`
	// version is the API version.
	// +optional
	Version string `json:"version,omitempty"`
	// kind is the kind.
	// +optional
	Kind string `json:"kind,omitempty"`
	// namespace is the namespace.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// name is the name.
	// +optional
	Name string `json:"name,omitempty"`
	// uid tells the object from an earlier one of the same name.
	// +optional
	UID string `json:"uid,omitempty"`
}

// ApplicationTree is the result of GET applications/NAME/tree; it is read from the destination and never stored.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationTree struct {
	metav1.TypeMeta `json:""`
	// nodes are the managed objects and all that they own.
	// +listType=atomic
	Nodes []ResourceNode `json:"nodes"`
	// orphanedNodes are objects in the destination's namespace that belong to no Application, where the AppProject
	// asks for them.
	// +optional
	// +listType=atomic
	OrphanedNodes []ResourceNode `json:"orphanedNodes,omitzero"`
	// unread names what could not be read, and may hold more nodes.
	// +optional
	// +listType=atomic
	Unread []UnreadResources `json:"unread,omitzero"`
}

// ResourceNode is one object of a tree.
type ResourceNode struct {
	ResourceRef `json:""`
	// parentRefs are the owners in the tree.
	// +optional
	// +listType=atomic
	ParentRefs []ResourceRef `json:"parentRefs,omitzero"`
	// managed says that the object is one of the Application itself.
	// +optional
	Managed bool `json:"managed,omitempty"`
	// health is the object's health, absent where none can be told.
	// +optional
	Health *HealthStatus `json:"health,omitempty"`
	// images are the images of a Pod.
	// +optional
	// +listType=atomic
	Images []string `json:"images,omitzero"`
	// createdAt is when the object was created.
	// +optional
	CreatedAt *metav1.Time `json:"createdAt,omitempty"`
}

// UnreadResources is what could not be read of a destination.
type UnreadResources struct {
	// group is the API group.
	// +optional
	Group string `json:"group,omitempty"`
	// kind is the kind; empty means all of the group.
	// +optional
	Kind string `json:"kind,omitempty"`
	// namespace is the namespace; empty means cluster scope, or all.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// message says why.
	Message string `json:"message"`
}

// ApplicationEvents is the result of GET applications/NAME/events: the newest Events of an Application and its tree.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationEvents struct {
	metav1.TypeMeta `json:""`
	// items are the Events, the newest first.
	// +listType=atomic
	Items []ApplicationEvent `json:"items"`
	// unread names what could not be read, and may hold more Events.
	// +optional
	// +listType=atomic
	Unread []UnreadResources `json:"unread,omitzero"`
}

// ApplicationEvent is one Event.
type ApplicationEvent struct {
	// involvedObject is what the Event is about.
	InvolvedObject ResourceRef `json:"involvedObject"`
	// type is Normal or Warning.
	// +optional
	Type string `json:"type,omitempty"`
	// reason is one word for machines.
	// +optional
	Reason string `json:"reason,omitempty"`
	// message is for people.
	// +optional
	Message string `json:"message,omitempty"`
	// source is who reports it.
	// +optional
	Source string `json:"source,omitempty"`
	// count is how often it happened.
	// +optional
	Count int32 `json:"count,omitempty"`
	// firstTimestamp is when it happened first.
	// +optional
	FirstTimestamp *metav1.Time `json:"firstTimestamp,omitempty"`
	// lastTimestamp is when it happened last.
	// +optional
	LastTimestamp *metav1.Time `json:"lastTimestamp,omitempty"`
}
