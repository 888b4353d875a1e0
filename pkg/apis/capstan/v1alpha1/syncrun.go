// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// SyncRun is the record of one sync of an Application; only the server writes it.
// +genclient
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type SyncRun struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec is what was asked for; it never changes.
	// +optional
	Spec SyncRunSpec `json:"spec,omitzero"`
	// status is how far the sync is, or how it ended.
	// +optional
	Status SyncRunStatus `json:"status,omitzero"`
}

// SyncRunList is a list of SyncRuns.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type SyncRunList struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the SyncRuns.
	Items []SyncRun `json:"items"`
}

// SyncRunSpec is what was asked for.
type SyncRunSpec struct {
	// application is the Application, in the SyncRun's namespace.
	Application SyncRunApplication `json:"application"`
	// destination is the cluster that was synced.
	// +optional
	Destination SyncRunDestination `json:"destination,omitzero"`
	// revision is the resolved revision of the source.
	// +optional
	Revision string `json:"revision,omitempty"`
	// revisions are the resolved revisions of the sources, in their order.
	// +optional
	// +listType=atomic
	Revisions []string `json:"revisions,omitzero"`
	// sources are what was synced; a single source is one entry.
	// +optional
	// +listType=atomic
	Sources argov1alpha1.ApplicationSources `json:"sources,omitzero"`
	// requester is who asked, as authenticated.
	// +optional
	Requester SyncRunRequester `json:"requester,omitzero"`
	// trigger is why the sync was made: Manual, Automated, SelfHeal or Rollback.
	Trigger SyncRunTrigger `json:"trigger"`
	// prune says that objects were deleted that are no longer in the source.
	// +optional
	Prune bool `json:"prune,omitempty"`
	// dryRun says that nothing was changed.
	// +optional
	DryRun bool `json:"dryRun,omitempty"`
	// plan is the name of the Plan that was applied, empty where none was needed.
	// +optional
	Plan string `json:"plan,omitempty"`
	// planDigest is the digest of that Plan.
	// +optional
	PlanDigest string `json:"planDigest,omitempty"`
	// manifests is the digest of what was applied, where the Application was gated.
	// +optional
	Manifests string `json:"manifests,omitempty"`
	// approvers are those who let it through.
	// +optional
	// +listType=atomic
	Approvers []SyncRunApprover `json:"approvers,omitzero"`
}

// SyncRunApplication names an Application.
type SyncRunApplication struct {
	// name is its name.
	Name string `json:"name"`
	// uid is its UID.
	// +optional
	UID types.UID `json:"uid,omitempty"`
}

// SyncRunDestination names a cluster.
type SyncRunDestination struct {
	// server is the URL of its API server.
	// +optional
	Server string `json:"server,omitempty"`
	// name is the name under which it is registered.
	// +optional
	Name string `json:"name,omitempty"`
	// namespace is the namespace of objects that name none.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// uid is the UID of its kube-system namespace.
	// +optional
	UID types.UID `json:"uid,omitempty"`
}

// SyncRunRequester is who asked for a sync, as authenticated.
type SyncRunRequester struct {
	// username is the name.
	// +optional
	Username string `json:"username,omitempty"`
	// uid is the UID, empty where the cluster does not pass it on.
	// +optional
	UID string `json:"uid,omitempty"`
	// groups are the groups.
	// +optional
	// +listType=atomic
	Groups []string `json:"groups,omitzero"`
	// automated says that no person asked.
	// +optional
	Automated bool `json:"automated,omitempty"`
}

// SyncRunApprover is who let a sync through.
type SyncRunApprover struct {
	// username is the name.
	Username string `json:"username"`
	// decision is Approve or BreakGlass.
	Decision ApprovalDecision `json:"decision"`
	// reason is why.
	// +optional
	Reason string `json:"reason,omitempty"`
	// at is when.
	At metav1.Time `json:"at"`
}

// SyncRunTrigger is why a sync was made.
type SyncRunTrigger string

// The triggers.
const (
	TriggerManual    SyncRunTrigger = "Manual"
	TriggerAutomated SyncRunTrigger = "Automated"
	TriggerSelfHeal  SyncRunTrigger = "SelfHeal"
	TriggerRollback  SyncRunTrigger = "Rollback"
)
