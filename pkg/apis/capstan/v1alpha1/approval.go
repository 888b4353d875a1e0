// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Approval is what one person said of a Plan; only applications/approve, reject and breakglass make it, and until its
// Plan is used, deleting it revokes it.
// +genclient
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type Approval struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec is what was said; it never changes.
	Spec ApprovalSpec `json:"spec"`
	// status says what became of it.
	// +optional
	Status ApprovalStatus `json:"status,omitzero"`
}

// ApprovalList is a list of Approvals.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApprovalList struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the Approvals.
	Items []Approval `json:"items"`
}

// ApprovalSpec is what one person said of a Plan.
type ApprovalSpec struct {
	// application names the Application, in the Approval's namespace.
	Application SyncRunApplication `json:"application"`
	// plan is the name of the Plan.
	Plan string `json:"plan"`
	// planDigest is the digest of the Plan that the approver read.
	PlanDigest string `json:"planDigest"`
	// decision is Approve, Reject or BreakGlass.
	Decision ApprovalDecision `json:"decision"`
	// approver is who said it, as authenticated.
	Approver Approver `json:"approver"`
	// roles are the roles of the policies that the approver held then.
	// +optional
	// +listType=atomic
	Roles []string `json:"roles,omitzero"`
	// reason is why.
	// +optional
	Reason string `json:"reason,omitempty"`
	// ticket is what the emergency is filed under.
	// +optional
	Ticket string `json:"ticket,omitempty"`
	// expiresAt is when a BreakGlass ends.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`
}

// ApprovalDecision is what a person said of a Plan.
type ApprovalDecision string

// The decisions.
const (
	DecisionApprove    ApprovalDecision = "Approve"
	DecisionReject     ApprovalDecision = "Reject"
	DecisionBreakGlass ApprovalDecision = "BreakGlass"
)

// Approver is an identity as authenticated.
type Approver struct {
	// username is the name.
	Username string `json:"username"`
	// uid is the UID, empty where the cluster does not pass it on.
	// +optional
	UID string `json:"uid,omitempty"`
	// groups are the groups.
	// +optional
	// +listType=atomic
	Groups []string `json:"groups,omitzero"`
	// extra is what the authenticator says besides.
	// +optional
	Extra map[string][]string `json:"extra,omitempty"`
}

// ApprovalStatus says what became of an Approval.
type ApprovalStatus struct {
	// usedAt is when the sync of the Plan began; an Approval is used once.
	// +optional
	UsedAt *metav1.Time `json:"usedAt,omitempty"`
	// review is what somebody else said of a BreakGlass afterwards.
	// +optional
	Review *ApprovalReview `json:"review,omitempty"`
}

// ApprovalReview is what somebody said of a BreakGlass afterwards.
type ApprovalReview struct {
	// reviewer is who, as authenticated.
	Reviewer Approver `json:"reviewer"`
	// reason is what there is to say.
	// +optional
	Reason string `json:"reason,omitempty"`
	// at is when.
	At metav1.Time `json:"at"`
}
