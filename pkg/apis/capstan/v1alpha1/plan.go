// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Plan is all that one sync of a gated Application would do; only the server writes it.
// +genclient
// +genclient:method=GetManifests,verb=get,subresource=manifests,result=PlanManifests
// +genclient:method=PutManifests,verb=create,subresource=manifests,input=PlanManifests,result=PlanManifests
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type Plan struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// digest is that of the spec as canonical JSON: what approvers approve.
	Digest string `json:"digest"`
	// spec is what would be done; it never changes.
	Spec PlanSpec `json:"spec"`
	// status says what became of it.
	// +optional
	Status PlanStatus `json:"status,omitzero"`
}

// PlanList is a list of Plans.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type PlanList struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the Plans.
	Items []Plan `json:"items"`
}

// PlanSpec is what would be done.
type PlanSpec struct {
	// number tells the Plans of an Application apart; the highest one is the newest.
	Number int64 `json:"number"`
	// kind is Sync, Rollback or Destroy.
	Kind PlanKind `json:"kind"`
	// application is the Application, in the Plan's namespace.
	Application PlanApplication `json:"application"`
	// destination is the cluster.
	Destination SyncRunDestination `json:"destination"`
	// revision is the resolved revision of the source.
	// +optional
	Revision string `json:"revision,omitempty"`
	// revisions are the resolved revisions of several sources, in their order.
	// +optional
	// +listType=atomic
	Revisions []string `json:"revisions,omitzero"`
	// run is the SyncRun whose deployment a Rollback goes back to.
	// +optional
	Run string `json:"run,omitempty"`
	// from is the digest of the manifests that were deployed when the Plan was made, empty where none were.
	// +optional
	From string `json:"from,omitempty"`
	// manifests is the digest of the manifests that would be applied, empty for Destroy.
	// +optional
	Manifests string `json:"manifests,omitempty"`
	// prune says that objects are deleted that the source does not have.
	// +optional
	Prune bool `json:"prune,omitempty"`
	// changes are all objects that would change, in the order of the sync.
	// +optional
	// +listType=atomic
	Changes []PlanChange `json:"changes,omitzero"`
	// deployed is how many objects the Application has in the destination.
	// +optional
	Deployed int32 `json:"deployed,omitempty"`
	// authors are those of the commits that the Plan brings.
	// +optional
	// +listType=atomic
	Authors []PlanAuthor `json:"authors,omitzero"`
	// authorsUnknown says that not all of the commits could be read.
	// +optional
	AuthorsUnknown bool `json:"authorsUnknown,omitempty"`
	// editors are those who wrote what the Plan carries out of the Application's spec, or deleted it, since the Plan was
	// made that is deployed.
	// +optional
	// +listType=atomic
	Editors []argov1alpha1.SpecEditor `json:"editors,omitzero"`
	// requester is who asked for the Plan, as authenticated.
	// +optional
	Requester SyncRunRequester `json:"requester,omitzero"`
	// policies are the names of the policies that gate the Application; none is the built-in one.
	// +optional
	// +listType=atomic
	Policies []string `json:"policies,omitzero"`
}

// PlanKind is what a Plan is for.
type PlanKind string

// The kinds of Plans.
const (
	PlanSync     PlanKind = "Sync"
	PlanRollback PlanKind = "Rollback"
	PlanDestroy  PlanKind = "Destroy"
)

// PlanApplication names an Application as it was when a Plan was made.
type PlanApplication struct {
	// name is its name.
	Name string `json:"name"`
	// uid is its UID.
	UID types.UID `json:"uid"`
	// spec is the digest of its spec.
	Spec string `json:"spec"`
}

// PlanChange is one object that would change.
type PlanChange struct {
	// action is Create, Update, Recreate or Prune, or Hook for an object that a phase of the sync makes.
	Action SyncRunAction `json:"action"`
	// group is the API group.
	// +optional
	Group string `json:"group,omitempty"`
	// kind is the kind.
	Kind string `json:"kind"`
	// namespace is the namespace.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// name is the name.
	Name string `json:"name"`
	// uid is that of the live object, empty for Create and Hook.
	// +optional
	UID types.UID `json:"uid,omitempty"`
}

// PlanAuthor is an author or a committer of commits, as Git says, which anybody can forge.
type PlanAuthor struct {
	// name is the name.
	// +optional
	Name string `json:"name,omitempty"`
	// email is the address.
	// +optional
	Email string `json:"email,omitempty"`
}

// PlanStatus says what became of a Plan.
type PlanStatus struct {
	// phase is Pending, Approved, Rejected, Superseded, Running, Succeeded or Failed.
	// +optional
	Phase PlanPhase `json:"phase,omitempty"`
	// message says more for people.
	// +optional
	Message string `json:"message,omitempty"`
	// missing are the approvals that are missing still.
	// +optional
	// +listType=atomic
	Missing []argov1alpha1.MissingApproval `json:"missing,omitzero"`
	// approvals are the names of the Approvals by which it was let through.
	// +optional
	// +listType=atomic
	Approvals []string `json:"approvals,omitzero"`
	// pinnedBy is who asked for what automation had planned already: the next commit does not overtake it.
	// +optional
	PinnedBy *SyncRunRequester `json:"pinnedBy,omitempty"`
	// startedAt is when the sync of the Plan began, which happens once.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
}

// PlanPhase is what became of a Plan.
type PlanPhase string

// The phases of Plans.
const (
	PlanPending    PlanPhase = "Pending"
	PlanApproved   PlanPhase = "Approved"
	PlanRejected   PlanPhase = "Rejected"
	PlanSuperseded PlanPhase = "Superseded"
	PlanRunning    PlanPhase = "Running"
	PlanSucceeded  PlanPhase = "Succeeded"
	PlanFailed     PlanPhase = "Failed"
)

// PlanManifests are the manifests of a Plan, those of Secrets masked.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type PlanManifests struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// manifests are the objects; only readers see them.
	// +optional
	// +listType=atomic
	Manifests []argov1alpha1.JSON `json:"manifests,omitzero"`
	// data is the packed manifests; only the server itself writes and reads it.
	// +optional
	Data []byte `json:"data,omitempty"`
}

// PlanManifestsList is a list of PlanManifests; it is never served.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type PlanManifestsList struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the PlanManifests.
	Items []PlanManifests `json:"items"`
}
