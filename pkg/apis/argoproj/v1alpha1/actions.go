// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ApplicationSync is the body of POST applications/NAME/sync; an empty one syncs as the spec says.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationSync struct {
	metav1.TypeMeta `json:""`
	// revision is synced in place of the source's targetRevision.
	// +optional
	Revision string `json:"revision,omitempty"`
	// revisions are synced in place of the sources' targetRevisions, in their order.
	// +optional
	// +listType=atomic
	Revisions []string `json:"revisions,omitzero"`
	// plan is the digest of the approved Plan to apply to a gated Application; absent means the newest.
	// +optional
	Plan string `json:"plan,omitempty"`
	// prune deletes objects that are no longer in the source; absent means false.
	// +optional
	Prune *bool `json:"prune,omitempty"`
	// dryRun goes through the sync and changes nothing in the destination.
	// +optional
	DryRun bool `json:"dryRun,omitempty"`
	// resources are the only objects that are synced; absent means all.
	// +optional
	// +listType=atomic
	Resources []SyncOperationResource `json:"resources,omitzero"`
	// syncOptions replace those of the sync policy.
	// +optional
	// +listType=atomic
	SyncOptions SyncOptions `json:"syncOptions,omitzero"`
	// syncStrategy says how objects are written.
	// +optional
	SyncStrategy *SyncStrategy `json:"syncStrategy,omitempty"`
	// infos holds names and values for people.
	// +optional
	// +listType=atomic
	Infos []Info `json:"infos,omitzero"`
	// retry says how a failure is tried again.
	// +optional
	Retry *RetryStrategy `json:"retry,omitempty"`
}

// ApplicationRollback is the body of POST applications/NAME/rollback; it names a past sync by id or by run.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationRollback struct {
	metav1.TypeMeta `json:""`
	// id is the id of an entry of status.history.
	// +optional
	ID int64 `json:"id,omitempty"`
	// run is the name of a SyncRun of the Application.
	// +optional
	Run string `json:"run,omitempty"`
	// prune deletes objects that were not in the past sync; absent means false.
	// +optional
	Prune *bool `json:"prune,omitempty"`
	// dryRun goes through the sync and changes nothing in the destination.
	// +optional
	DryRun bool `json:"dryRun,omitempty"`
}

// ApplicationRefresh is the body of POST applications/NAME/refresh; it asks for a comparison now.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationRefresh struct {
	metav1.TypeMeta `json:""`
	// type is normal, which resolves revisions again, or hard, which renders again too; empty means normal.
	// +optional
	Type RefreshType `json:"type,omitempty"`
}

// ApplicationTerminate is the body of POST applications/NAME/terminate; it ends the operation that runs.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationTerminate struct {
	metav1.TypeMeta `json:""`
}
