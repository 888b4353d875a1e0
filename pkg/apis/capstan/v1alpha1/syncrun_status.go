// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// SyncRunStatus is how far a sync is, or how it ended.
type SyncRunStatus struct {
	// phase is Running, Terminating, Succeeded, Failed or Error.
	// +optional
	Phase argov1alpha1.OperationPhase `json:"phase,omitempty"`
	// message says more for people.
	// +optional
	Message string `json:"message,omitempty"`
	// startedAt is when it began.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// finishedAt is when it ended.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// resources are the results by object, in the order in which they were applied.
	// +optional
	// +listType=atomic
	Resources []SyncRunResource `json:"resources,omitzero"`
}

// SyncRunResource is what a sync did to one object.
type SyncRunResource struct {
	// group is the API group.
	// +optional
	Group string `json:"group,omitempty"`
	// version is the API version.
	Version string `json:"version"`
	// kind is the kind.
	Kind string `json:"kind"`
	// namespace is the namespace.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// name is the name.
	Name string `json:"name"`
	// uid is the object's UID in the destination, empty where it was never made.
	// +optional
	UID types.UID `json:"uid,omitempty"`
	// action is what was to be done to the object.
	// +optional
	Action SyncRunAction `json:"action,omitempty"`
	// status is Synced, SyncFailed, Pruned or PruneSkipped; empty where the sync ended before.
	// +optional
	Status argov1alpha1.ResultCode `json:"status,omitempty"`
	// message says more for people.
	// +optional
	Message string `json:"message,omitempty"`
	// hookType is the phase that a hook ran in, empty for other objects.
	// +optional
	HookType argov1alpha1.HookType `json:"hookType,omitempty"`
	// hookPhase is how a hook ended.
	// +optional
	HookPhase argov1alpha1.OperationPhase `json:"hookPhase,omitempty"`
}

// SyncRunAction is what was to be done to an object.
type SyncRunAction string

// The actions.
const (
	ActionCreate   SyncRunAction = "Create"
	ActionUpdate   SyncRunAction = "Update"
	ActionRecreate SyncRunAction = "Recreate"
	ActionPrune    SyncRunAction = "Prune"
	ActionHook     SyncRunAction = "Hook"
	ActionNone     SyncRunAction = "None"
)
