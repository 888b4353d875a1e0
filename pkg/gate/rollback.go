// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// rollback gives the verdict of the rules that suffice for a way back to what was healthy lately, where the Plan is
// one. Who may approve by these rules may reject by them.
func (f Facts) rollback(exceeding []capstan.ApprovalRule) Verdict {
	fast := f.Requirement.Rollback
	if fast == nil || !f.healthy(*fast) {
		return Verdict{}
	}
	rules := plus(fast.Rules, exceeding)
	if verdict, rejected := f.rejection(rolesOf(rules)); rejected {
		return verdict
	}
	if len(rules) == 0 && !f.askedByPerson() {
		return Verdict{}
	}
	return f.judge(rules)
}

// healthy reports whether the Plan goes back to exactly what a sync of this Application brought to this cluster, and
// ended well, lately.
func (f Facts) healthy(fast FastPath) bool {
	plan, run := f.Plan.Spec, f.Target
	if plan.Kind != capstan.PlanRollback || run == nil || run.Status.FinishedAt == nil {
		return false
	}
	ago := f.Now.Sub(run.Status.FinishedAt.Time)
	return run.Name == plan.Run && run.Namespace == f.Plan.Namespace &&
		run.Spec.Application.UID == plan.Application.UID && run.Spec.Destination.UID == plan.Destination.UID &&
		run.Spec.Manifests == plan.Manifests && !run.Spec.DryRun &&
		run.Status.Phase == argo.OperationSucceeded && ago >= 0 && ago < fast.Within
}

// askedByPerson reports whether somebody stands for a Plan that nobody approves.
func (f Facts) askedByPerson() bool {
	requester := f.Plan.Spec.Requester
	who := capstan.Approver{Username: requester.Username, UID: requester.UID, Groups: requester.Groups}
	machine := f.Requirement.Exclude.ServiceAccounts && machine(who)
	return who.Username != "" && !requester.Automated && !machine
}
