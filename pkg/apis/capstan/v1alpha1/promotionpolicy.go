// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// PromotionPolicy says which Applications are gated, and what a change of them needs.
// +genclient
// +genclient:nonNamespaced
// +genclient:method=Approve,verb=create,subresource=approve,input=PolicyApproval,result=PolicyApproval
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type PromotionPolicy struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// spec is what the policy is to be. What weakens it waits until it is approved.
	// +optional
	Spec PromotionPolicySpec `json:"spec,omitzero"`
	// status says which spec is in force.
	// +optional
	Status PromotionPolicyStatus `json:"status,omitzero"`
}

// PromotionPolicyList is a list of PromotionPolicies.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type PromotionPolicyList struct {
	metav1.TypeMeta `json:""`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the PromotionPolicies.
	Items []PromotionPolicy `json:"items"`
}

// PromotionPolicySpec says which Applications are gated, and what a change of them needs. Where several policies
// gate an Application, the strictest of each field holds.
type PromotionPolicySpec struct {
	// selectors choose Applications; one that any of them chooses is gated. None chooses nothing.
	// +optional
	// +listType=atomic
	Selectors []GateSelector `json:"selectors,omitzero"`
	// approvals are the rules that have to be met, each by other people; none means one person of the role approver.
	// +optional
	// +listType=atomic
	Approvals []ApprovalRule `json:"approvals,omitzero"`
	// exclude says whose approval does not count.
	// +optional
	Exclude ApprovalExclusions `json:"exclude,omitzero"`
	// requireReason refuses an approval without a reason.
	// +optional
	RequireReason bool `json:"requireReason,omitempty"`
	// expiresAfter is how long an approval holds; absent means 24h.
	// +optional
	ExpiresAfter *metav1.Duration `json:"expiresAfter,omitempty"`
	// prune bounds what one Plan may delete.
	// +optional
	Prune PruneLimits `json:"prune,omitzero"`
	// rollback eases the way back to what was healthy lately; absent asks the same of a rollback as of any change.
	// +optional
	Rollback *RollbackRule `json:"rollback,omitempty"`
	// breakGlass allows to go through the gate in an emergency; absent forbids it.
	// +optional
	BreakGlass *BreakGlassRule `json:"breakGlass,omitempty"`
	// freezes are times at which no Plan is applied, approved or not, but in an emergency.
	// +optional
	// +listType=map
	// +listMapKey=name
	Freezes []PolicyFreeze `json:"freezes,omitzero"`
}

// PolicyFreeze is a time at which no Plan is applied: once, with from and to, or again and again, with schedule and
// duration.
type PolicyFreeze struct {
	// name tells the freezes of a policy apart.
	Name string `json:"name"`
	// reason is why, for people.
	// +optional
	Reason string `json:"reason,omitempty"`
	// from is when it begins.
	// +optional
	From *metav1.Time `json:"from,omitempty"`
	// to is when it ends.
	// +optional
	To *metav1.Time `json:"to,omitempty"`
	// schedule is a cron expression of five fields: when it begins.
	// +optional
	Schedule string `json:"schedule,omitempty"`
	// duration is how long it lasts from then on.
	// +optional
	Duration *metav1.Duration `json:"duration,omitempty"`
	// timeZone is the time zone of the schedule, such as Europe/Berlin; absent means UTC.
	// +optional
	TimeZone string `json:"timeZone,omitempty"`
}

// GateSelector chooses Applications that meet all of its fields; an empty one chooses all.
type GateSelector struct {
	// tiers are the tiers of clusters, judged by the cluster's UID.
	// +optional
	// +listType=atomic
	Tiers []string `json:"tiers,omitzero"`
	// projects are names of AppProjects.
	// +optional
	// +listType=atomic
	Projects []string `json:"projects,omitzero"`
	// namespaces are namespaces in the destination.
	// +optional
	// +listType=atomic
	Namespaces []string `json:"namespaces,omitzero"`
	// labels selects by the Application's labels.
	// +optional
	Labels *metav1.LabelSelector `json:"labels,omitempty"`
}

// ApprovalRule asks for people of a role.
type ApprovalRule struct {
	// role is what approvers hold by the verb approve on approvalroles.capstan.dev of this name, in the namespace of
	// the Application.
	Role string `json:"role"`
	// required is how many people; absent means 1.
	// +optional
	Required int32 `json:"required,omitempty"`
}

// ApprovalExclusions says whose approval does not count; what is absent is excluded, but for impersonated.
type ApprovalExclusions struct {
	// requester is who asked for the Plan.
	// +optional
	Requester *bool `json:"requester,omitempty"`
	// commitAuthors are the authors and committers of the commits that the Plan brings. Where they cannot be told, each
	// rule asks for one person more.
	// +optional
	CommitAuthors *bool `json:"commitAuthors,omitempty"`
	// policyEditor is who last changed a policy that gates the Application.
	// +optional
	PolicyEditor *bool `json:"policyEditor,omitempty"`
	// serviceAccounts are identities that are no people.
	// +optional
	ServiceAccounts *bool `json:"serviceAccounts,omitempty"`
	// impersonated are requests that carry no id of a credential, as kubectl --as; absent lets them count.
	// +optional
	Impersonated *bool `json:"impersonated,omitempty"`
}

// PruneLimits bounds what one Plan may delete.
type PruneLimits struct {
	// maxCount is how many objects at most; absent means 10.
	// +optional
	MaxCount *int32 `json:"maxCount,omitempty"`
	// maxPercent is how many of a hundred deployed objects at most; absent means 30.
	// +optional
	MaxPercent *int32 `json:"maxPercent,omitempty"`
	// protectedKinds are kinds whose objects no Plan deletes, as Kind or Kind.group; absent means Namespace,
	// CustomResourceDefinition, PersistentVolume, PersistentVolumeClaim and StatefulSet.
	// +optional
	// +listType=atomic
	ProtectedKinds []string `json:"protectedKinds,omitempty"`
	// exceed is what a Plan beyond the limits, or one that deletes protected objects, needs besides; absent forbids it.
	// +optional
	Exceed *ApprovalRule `json:"exceed,omitempty"`
}

// RollbackRule is what suffices for a rollback.
type RollbackRule struct {
	// healthyWithin is how long ago at most the deployment to go back to has been made and succeeded.
	HealthyWithin metav1.Duration `json:"healthyWithin"`
	// approvals are the rules that have to be met in place of the policy's; none lets the requester do it alone.
	// +optional
	// +listType=atomic
	Approvals []ApprovalRule `json:"approvals,omitzero"`
}

// BreakGlassRule bounds how the gate is broken.
type BreakGlassRule struct {
	// maxDuration is how long a grant holds at most; absent means 1h.
	// +optional
	MaxDuration *metav1.Duration `json:"maxDuration,omitempty"`
	// ticketPattern is a regular expression that the ticket matches as a whole; empty takes any ticket.
	// +optional
	TicketPattern string `json:"ticketPattern,omitempty"`
	// minReason is how many characters a reason has at least; absent means 10.
	// +optional
	MinReason *int32 `json:"minReason,omitempty"`
	// reviewWithin is how long after a grant was used somebody else has to have reviewed it at the latest; absent means
	// 24h. From then on the Application takes no other approvals until that is done.
	// +optional
	ReviewWithin *metav1.Duration `json:"reviewWithin,omitempty"`
}

// PromotionPolicyStatus says which spec is in force.
type PromotionPolicyStatus struct {
	// effective is the spec in force.
	// +optional
	Effective *PromotionPolicySpec `json:"effective,omitempty"`
	// editor is who last changed the spec, as authenticated.
	// +optional
	Editor string `json:"editor,omitempty"`
	// editedAt is when.
	// +optional
	EditedAt *metav1.Time `json:"editedAt,omitempty"`
	// waiting is a change that weakens the policy and is not approved yet.
	// +optional
	Waiting *PolicyChange `json:"waiting,omitempty"`
}

// PolicyChange is a change of a policy that waits for approval.
type PolicyChange struct {
	// digest names the change: what approvers approve.
	Digest string `json:"digest"`
	// weakens says what the change lets through that was held before.
	// +optional
	// +listType=atomic
	Weakens []string `json:"weakens,omitzero"`
	// approvers are those who approved it.
	// +optional
	// +listType=atomic
	Approvers []Approver `json:"approvers,omitzero"`
}

// PolicyApproval is the body of POST promotionpolicies/NAME/approve.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type PolicyApproval struct {
	metav1.TypeMeta `json:""`
	// metadata is ignored.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`
	// digest is status.waiting.digest of the change that the approver read.
	Digest string `json:"digest"`
	// missing are the rules that are not met yet; it is part of the answer.
	// +optional
	// +listType=atomic
	Missing []argov1alpha1.MissingApproval `json:"missing,omitzero"`
}
