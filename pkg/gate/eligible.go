// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"strings"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// Ask is what a person asks to have recorded of a Plan.
type Ask struct {
	// Decision is Approve or Reject; empty means Approve.
	Decision capstan.ApprovalDecision
	// PlanDigest is the digest of the Plan that the person read.
	PlanDigest string
	// Reason is why.
	Reason string
}

// Eligible says whether a person may approve or reject the Plan now, and as which of the roles that are asked for: the
// roles to record. Who has a part in the change may not approve it, and may reject it.
func Eligible(f Facts, who capstan.Approver, ask Ask) ([]string, Verdict) {
	if verdict, settled := f.read(ask.PlanDigest); settled {
		return nil, verdict
	}
	approves := ask.Decision != capstan.DecisionReject
	if verdict, refused := f.refuse(who, ask, approves); refused {
		return nil, verdict
	}
	if verdict, overdue := f.unreviewed(); overdue && approves {
		return nil, verdict
	}
	exceeding, beyond := f.exceeding()
	if beyond != nil && approves {
		return nil, *beyond
	}
	roles := rolesOf(plus(f.Requirement.Rules, exceeding))
	if fast := f.Requirement.Rollback; fast != nil && f.Plan.Spec.Kind == capstan.PlanRollback {
		roles = union(roles, rolesOf(fast.Rules))
	}
	held, err := f.held(who, roles)
	switch {
	case err != nil:
		return nil, hold(ReasonBlind, "your roles could not be read: "+err.Error()+f.look())
	case len(held) == 0:
		return nil, f.noRole(who, roles)
	}
	return held, Verdict{
		Decision: Allow, Reason: ReasonEligible, Message: who.Username + " may approve as " + strings.Join(held, ", "),
	}
}

func (f Facts) noRole(who capstan.Approver, roles []string) Verdict {
	return deny(ReasonNoRole, fmt.Sprintf("%s holds none of the roles %s in namespace %s; check: "+
		"kubectl auth can-i approve approvalroles.capstan.dev/%s -n %s",
		who.Username, strings.Join(roles, ", "), f.Application.Namespace, roles[0], f.Application.Namespace))
}

// read gives the verdict where there is no Plan that a person could speak of, or not the one that they read.
func (f Facts) read(digest string) (Verdict, bool) {
	if f.Unreadable == nil && f.Application != nil && f.Requirement.Gated && f.Plan != nil && digest != f.Plan.Digest {
		return deny(ReasonStalePlan, f.names(fmt.Sprintf("is the newest, and not the one that you read; read it: "+
			"kubectl get plans.capstan.dev -n %s %s -o yaml", f.Plan.Namespace, f.Plan.Name))), true
	}
	verdict, settled := settle(f)
	if settled && verdict.Allowed() {
		return deny(ReasonNotGated, "nothing gates the Application, so there is nothing to approve; "+
			"sync it: "+f.post("sync", map[string]any{"kind": "ApplicationSync"})), true
	}
	return verdict, settled
}

// refuse gives the verdict where a person may not speak of the Plan, whatever their roles.
func (f Facts) refuse(who capstan.Approver, ask Ask, approves bool) (Verdict, bool) {
	another := "; another person has to approve it: " + f.approve()
	switch part := f.party(who); {
	case f.faceless(who) != "":
		return deny(ReasonExcluded, fmt.Sprintf("%q %s%s", who.Username, f.faceless(who), another)), true
	case approves && part != "":
		return deny(ReasonExcluded, who.Username+" "+part+another), true
	case approves && f.Plan.Status.Phase == capstan.PlanApproved:
		return deny(ReasonNotPending, f.names("waits for no approval; sync it: "+
			f.post("sync", map[string]any{"kind": "ApplicationSync", "plan": f.Plan.Digest}))), true
	case f.Requirement.RequireReason && strings.TrimSpace(ask.Reason) == "":
		return deny(ReasonReasonRequired, "a policy asks for a reason; say it: "+f.approve()), true
	}
	return Verdict{}, false
}
