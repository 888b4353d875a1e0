// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// Facts are all that a decision depends on.
type Facts struct {
	// Requirement is what a change of the Application needs now.
	Requirement Requirement
	// Application is the Application as it is now, or as a request would have it.
	Application *argo.Application
	// Deleting says that a request would delete the Application with its objects. One that is being deleted says so
	// itself.
	Deleting bool
	// ClusterUID is the UID of the destination, as read now over the connection in use.
	ClusterUID types.UID
	// Deployed is the digest of the manifests that were deployed last, empty where none were.
	Deployed string
	// Plan is the newest Plan of the Application, nil where there is none.
	Plan *capstan.Plan
	// Approvals are those of the Application's namespace; those that do not name the Plan do not count.
	Approvals []*capstan.Approval
	// Grants are the Approvals by which the gate of the Application is or was broken, for whatever Plan, and for whatever
	// had its name before.
	Grants []*capstan.Approval
	// Target is the SyncRun that a Plan of a rollback names, nil where it is not there.
	Target *capstan.SyncRun
	// Holds says whether an approver holds a role now; what it cannot tell counts for nobody.
	Holds func(approver capstan.Approver, role string) (bool, error)
	// Now is the time.
	Now time.Time
	// Unreadable is why some fact could not be read.
	Unreadable error
}

// Decide says whether the Plan may be applied now.
func Decide(f Facts) Verdict {
	if verdict, settled := settle(f); settled {
		return verdict
	}
	exceeding, beyond := f.exceeding()
	if beyond != nil {
		return *beyond
	}
	rules := plus(f.Requirement.Rules, exceeding)
	if verdict, rejected := f.rejection(rolesOf(rules)); rejected {
		return verdict
	}
	verdict := f.ordinary(rules, exceeding)
	if verdict.Allowed() {
		verdict = f.frozen(verdict)
	}
	if verdict.Allowed() {
		return verdict
	}
	if broken := f.broken(); broken.Allowed() {
		return broken
	}
	return verdict
}

// ordinary gives the verdict of what needs no emergency: approvals, or what suffices for a rollback.
func (f Facts) ordinary(rules, exceeding []capstan.ApprovalRule) Verdict {
	if verdict, overdue := f.unreviewed(); overdue {
		return verdict
	}
	verdict := f.judge(rules)
	if eased := f.rollback(exceeding); !verdict.Allowed() && eased.Allowed() {
		return eased
	}
	return verdict
}

// settle gives the verdict where it needs no people: what is not gated, and what no approval helps.
func settle(f Facts) (Verdict, bool) {
	switch {
	case f.Unreadable != nil:
		return hold(ReasonBlind, "what the gate has to know could not be read: "+f.Unreadable.Error()+f.look()), true
	case f.Application == nil:
		return hold(ReasonBlind, "the Application could not be read"), true
	case !f.Requirement.Gated:
		return Verdict{Decision: Allow, Reason: ReasonNotGated, Message: "nothing gates the Application"}, true
	case f.Plan == nil:
		return hold(ReasonNoPlan, "there is no Plan of what would be done; make one: "+f.makePlan()), true
	}
	return f.stale()
}

// deleting reports whether what is asked for is the deletion of the Application.
func (f Facts) deleting() bool { return f.Deleting || f.Application.DeletionTimestamp != nil }
