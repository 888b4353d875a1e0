// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ApplicationGate is how a gated Application stands. Argo CD has no such field; only the server writes it.
type ApplicationGate struct {
	// state is Open, AwaitingApproval, Approved, Frozen, Held or Rejected.
	State GateState `json:"state"`
	// message says what is waited for, and the command to run.
	// +optional
	Message string `json:"message,omitempty"`
	// plan is the name of the Plan that is waited for, or that was applied last.
	// +optional
	Plan string `json:"plan,omitempty"`
	// policies are the names of the policies that gate the Application; none is the built-in one.
	// +optional
	// +listType=atomic
	Policies []string `json:"policies,omitzero"`
	// deployed is what was deployed last through the gate.
	// +optional
	Deployed *GateDeployment `json:"deployed,omitempty"`
	// lagSince is since when the source wants something else than what is deployed.
	// +optional
	LagSince *metav1.Time `json:"lagSince,omitempty"`
	// driftSince is since when the destination holds something else than what is deployed.
	// +optional
	DriftSince *metav1.Time `json:"driftSince,omitempty"`
	// emergencies are the grants to break the gate that may be used now, or that were used and nobody else has reviewed.
	// +optional
	// +listType=atomic
	Emergencies []GateEmergency `json:"emergencies,omitzero"`
	// freeze is the freeze of a policy that an approved Plan waits for.
	// +optional
	Freeze *GateFreeze `json:"freeze,omitempty"`
}

// GateFreeze is a freeze of a policy that is on.
type GateFreeze struct {
	// name is its name in the policy.
	Name string `json:"name"`
	// reason is why, as the policy says.
	// +optional
	Reason string `json:"reason,omitempty"`
	// until is when it ends; absent means that nothing ends it.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}

// GateEmergency is a grant to break the gate.
type GateEmergency struct {
	// approval is the name of the Approval that is the grant.
	Approval string `json:"approval"`
	// username is who broke the gate, as authenticated.
	Username string `json:"username"`
	// until is when the grant ends.
	Until metav1.Time `json:"until"`
	// reviewBy is when somebody else has to have reviewed it at the latest, absent where it was not used.
	// +optional
	ReviewBy *metav1.Time `json:"reviewBy,omitempty"`
}

// GateState is how a gated Application stands.
type GateState string

// The states of a gate.
const (
	// GateOpen: what the source wants is deployed.
	GateOpen GateState = "Open"
	// GateAwaitingApproval: a Plan waits for approvals.
	GateAwaitingApproval GateState = "AwaitingApproval"
	// GateApproved: a Plan is approved and waits for its sync.
	GateApproved GateState = "Approved"
	// GateFrozen: a Plan is approved and waits for the end of a freeze.
	GateFrozen GateState = "Frozen"
	// GateRejected: an approver turned the Plan down.
	GateRejected GateState = "Rejected"
	// GateHeld: something forbids the Plan, or cannot be read.
	GateHeld GateState = "Held"
)

// GateDeployment is what was deployed through the gate.
type GateDeployment struct {
	// plan is the name of the Plan, which keeps the manifests.
	Plan string `json:"plan"`
	// manifests is the digest of the manifests.
	Manifests string `json:"manifests"`
}

// MissingApproval is a rule that is not met yet.
type MissingApproval struct {
	// role is the role of the people who are missing.
	Role string `json:"role"`
	// required is how many people the rule asks for.
	Required int32 `json:"required"`
	// given is how many approved.
	Given int32 `json:"given"`
}

// ApplicationPlan is the body of POST applications/NAME/plan; an empty one plans a sync as the spec says.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationPlan struct {
	metav1.TypeMeta `json:""`
	// revision is planned in place of the source's targetRevision.
	// +optional
	Revision string `json:"revision,omitempty"`
	// revisions are planned in place of the sources' targetRevisions, in their order.
	// +optional
	// +listType=atomic
	Revisions []string `json:"revisions,omitzero"`
	// prune deletes objects that are no longer in the source; absent means as the policy of automated sync says.
	// +optional
	Prune *bool `json:"prune,omitempty"`
	// run is the SyncRun of a deployment to go back to.
	// +optional
	Run string `json:"run,omitempty"`
	// destroy plans the deletion of the Application with all its objects.
	// +optional
	Destroy bool `json:"destroy,omitempty"`
	// plan is the name of the Plan that was made; it is part of the answer.
	// +optional
	Plan string `json:"plan,omitempty"`
	// digest is what to approve; it is part of the answer.
	// +optional
	Digest string `json:"digest,omitempty"`
}

// ApplicationApproval is the body of POST applications/NAME/approve, reject and breakglass. It speaks of a Plan, or of
// an emergency that is over.
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
type ApplicationApproval struct {
	metav1.TypeMeta `json:""`
	// planDigest is the digest of the Plan that the approver read; another one is answered by 409.
	// +optional
	PlanDigest string `json:"planDigest,omitempty"`
	// review is the name of the Approval by which the gate was broken: to approve it afterwards, in place of a Plan.
	// +optional
	Review string `json:"review,omitempty"`
	// reason is why.
	// +optional
	Reason string `json:"reason,omitempty"`
	// ticket is what an emergency is filed under; breakglass requires it.
	// +optional
	Ticket string `json:"ticket,omitempty"`
	// duration is how long a breakglass holds; absent means as long as the policy allows.
	// +optional
	Duration *metav1.Duration `json:"duration,omitempty"`
	// status is the answer.
	// +optional
	Status ApplicationApprovalStatus `json:"status,omitzero"`
}

// ApplicationApprovalStatus is the answer to an approval.
type ApplicationApprovalStatus struct {
	// approval is the name of the Approval that was recorded.
	// +optional
	Approval string `json:"approval,omitempty"`
	// missing are the rules that are not met yet.
	// +optional
	// +listType=atomic
	Missing []MissingApproval `json:"missing,omitzero"`
}
