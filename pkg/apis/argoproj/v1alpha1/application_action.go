// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ApplicationAction is the body of POST applications/NAME/action, and its answer. It runs an action on an object of the
// Application's tree. The right to create it is not enough: the action itself needs the verb run on
// applications/action, with the name group/Kind/action.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationAction struct {
	metav1.TypeMeta `json:""`
	// resource is the object that the action is run on.
	Resource ResourceRef `json:"resource"`
	// action is the name of the action.
	Action string `json:"action"`
	// parameters are what the action is told.
	// +optional
	// +listType=atomic
	Parameters []ActionParameter `json:"parameters,omitzero"`
	// status is what the action did; what a client writes here is ignored.
	// +optional
	Status ApplicationActionStatus `json:"status,omitzero"`
}

// ActionParameter is a name and a value that an action is told.
type ActionParameter struct {
	// name is the name.
	Name string `json:"name"`
	// value is the value.
	// +optional
	Value string `json:"value,omitempty"`
}

// ApplicationActionStatus is what an action did.
type ApplicationActionStatus struct {
	// impacted are the objects that were written, in order.
	// +optional
	// +listType=atomic
	Impacted []ImpactedResource `json:"impacted,omitzero"`
}

// ImpactedResource is one object that an action wrote.
type ImpactedResource struct {
	ResourceRef `json:""`
	// operation is create or patch; empty where nothing had to be changed.
	// +optional
	Operation string `json:"operation,omitempty"`
}

// ApplicationActions is the result of GET applications/NAME/actions: the actions of one object.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationActions struct {
	metav1.TypeMeta `json:""`
	// items are the actions, by name.
	// +listType=atomic
	Items []ResourceAction `json:"items"`
}

// ResourceAction is an action that an object has.
type ResourceAction struct {
	// name is the name of the action.
	Name string `json:"name"`
	// displayName is the name for people.
	// +optional
	DisplayName string `json:"displayName,omitempty"`
	// iconClass is a picture in Argo CD's user interface.
	// +optional
	IconClass string `json:"iconClass,omitempty"`
	// disabled says that the action makes no sense now.
	// +optional
	Disabled bool `json:"disabled,omitempty"`
	// params are the parameters that the action takes.
	// +optional
	// +listType=atomic
	Params []ResourceActionParam `json:"params,omitzero"`
}

// ResourceActionParam is a parameter of an action.
type ResourceActionParam struct {
	// name is the name.
	Name string `json:"name"`
	// value is what to begin with.
	// +optional
	Value string `json:"value,omitempty"`
	// type is a type for people.
	// +optional
	Type string `json:"type,omitempty"`
	// default is what is taken where nothing is said.
	// +optional
	Default string `json:"default,omitempty"`
}
