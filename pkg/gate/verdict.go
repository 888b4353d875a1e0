// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Decision is what the gate says.
type Decision string

// The decisions. Hold may become Allow with other facts; Deny needs another Plan or another policy.
const (
	Allow Decision = "Allow"
	Hold  Decision = "Hold"
	Deny  Decision = "Deny"
)

// Reason is a stable code of why.
type Reason string

// The reasons.
const (
	// ReasonNotGated: no policy chooses the Application.
	ReasonNotGated Reason = "NotGated"
	// ReasonGranted: all rules are met.
	ReasonGranted Reason = "Granted"
	// ReasonBreakGlass: the gate is broken in an emergency.
	ReasonBreakGlass Reason = "BreakGlass"
	// ReasonEligible: the person may approve.
	ReasonEligible Reason = "Eligible"
	// ReasonBlind: something could not be read, or contradicts itself.
	ReasonBlind Reason = "Blind"
	// ReasonNoPlan: there is no Plan yet.
	ReasonNoPlan Reason = "NoPlan"
	// ReasonStalePlan: the Plan was made of something else than what holds now.
	ReasonStalePlan Reason = "StalePlan"
	// ReasonTampered: the Plan is not what its digest says.
	ReasonTampered Reason = "Tampered"
	// ReasonAlreadyUsed: the Plan was applied, or is being applied.
	ReasonAlreadyUsed Reason = "AlreadyUsed"
	// ReasonDeletionRequiresApproval: the Application is deleted, and the Plan is not of its deletion.
	ReasonDeletionRequiresApproval Reason = "DeletionRequiresApproval"
	// ReasonApprovalRequired: people are missing.
	ReasonApprovalRequired Reason = "ApprovalRequired"
	// ReasonFrozen: a freeze is on.
	ReasonFrozen Reason = "Frozen"
	// ReasonRejected: an approver turned the Plan down.
	ReasonRejected Reason = "Rejected"
	// ReasonPruneLimit: the Plan deletes more than a policy lets through.
	ReasonPruneLimit Reason = "PruneLimit"
	// ReasonProtected: the Plan deletes objects of a protected kind.
	ReasonProtected Reason = "Protected"
	// ReasonNotPending: the Plan waits for no approval.
	ReasonNotPending Reason = "NotPending"
	// ReasonNoRole: the person holds none of the roles that are asked for.
	ReasonNoRole Reason = "NoRole"
	// ReasonExcluded: the approval of this person does not count.
	ReasonExcluded Reason = "Excluded"
	// ReasonReasonRequired: the request says no reason, or too short a one.
	ReasonReasonRequired Reason = "ReasonRequired"
	// ReasonTicketRequired: the request names no ticket, or not one as the policy asks for.
	ReasonTicketRequired Reason = "TicketRequired"
	// ReasonReviewOverdue: the gate was broken, and nobody else has reviewed that in time.
	ReasonReviewOverdue Reason = "ReviewOverdue"
	// ReasonReviewRequired: the record of an emergency stays until somebody else has reviewed that.
	ReasonReviewRequired Reason = "ReviewRequired"
	// ReasonWeakens: the change weakens a policy, and waits for the people of the one in force.
	ReasonWeakens Reason = "Weakens"
	// ReasonDuration: the request asks for longer than the policy allows.
	ReasonDuration Reason = "Duration"
	// ReasonBreakGlassForbidden: a policy does not let the gate be broken, or not for this Plan.
	ReasonBreakGlassForbidden Reason = "BreakGlassForbidden"
)

// Verdict is what the gate says, and why.
type Verdict struct {
	// Decision is Allow, Hold or Deny; only Allow lets through.
	Decision Decision
	// Reason is a stable code.
	Reason Reason
	// Message is for people; a refusal ends with the next command to run.
	Message string
	// Missing are the rules that are not met yet.
	Missing []argo.MissingApproval
	// Approvals are the names of the Approvals that let the Plan through.
	Approvals []string
	// Freeze is the freeze that an approved Plan waits for.
	Freeze *argo.GateFreeze
}

// Allowed reports whether the gate lets through.
func (v Verdict) Allowed() bool { return v.Decision == Allow }

func hold(reason Reason, message string) Verdict {
	return Verdict{Decision: Hold, Reason: reason, Message: message}
}

func deny(reason Reason, message string) Verdict {
	return Verdict{Decision: Deny, Reason: reason, Message: message}
}
