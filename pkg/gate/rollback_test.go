// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// back makes the Plan of facts a rollback to what was healthy an hour ago.
func back(f *gate.Facts) {
	f.Plan.Spec.Kind, f.Plan.Spec.Run = capstan.PlanRollback, "shop-run-1"
	f.Target = &capstan.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "shop-run-1"},
		Spec: capstan.SyncRunSpec{
			Application: capstan.SyncRunApplication{Name: "shop", UID: "app-1"},
			Destination: capstan.SyncRunDestination{UID: "east-1"}, Manifests: "m2",
		},
		Status: capstan.SyncRunStatus{Phase: argo.OperationSucceeded, FinishedAt: pointer(ago(time.Hour))},
	}
	f.Approvals = nil
	*f = seal(*f)
}

func TestAWayBackToWhatWasHealthyNeedsLess(t *testing.T) {
	t.Parallel()
	but := func(change func(f *gate.Facts)) func(f *gate.Facts) {
		return func(f *gate.Facts) { back(f); change(f); *f = seal(*f) }
	}
	held := func(change func(f *gate.Facts)) row {
		return row{but(change), gate.Hold, gate.ReasonApprovalRequired}
	}
	alone := policy("alone", capstan.PromotionPolicySpec{Rollback: &capstan.RollbackRule{HealthyWithin: *hours(2)}})
	judge(t, map[string]row{
		"who asked does it alone":                  {back, gate.Allow, gate.ReasonGranted},
		"not where nobody asked":                   held(func(f *gate.Facts) { f.Plan.Spec.Requester = capstan.SyncRunRequester{} }),
		"not where a program asked":                held(func(f *gate.Facts) { f.Plan.Spec.Requester.Username = "system:serviceaccount:team:ci" }),
		"not by itself":                            held(func(f *gate.Facts) { f.Plan.Spec.Requester.Automated = true }),
		"not for a sync":                           held(func(f *gate.Facts) { f.Plan.Spec.Kind = capstan.PlanSync }),
		"until just before it was too long ago":    {but(func(f *gate.Facts) { f.Target.Status.FinishedAt = pointer(ago(2*time.Hour - 1)) }), gate.Allow, gate.ReasonGranted},
		"not from then on":                         held(func(f *gate.Facts) { f.Target.Status.FinishedAt = pointer(ago(2 * time.Hour)) }),
		"not to what is yet to end":                held(func(f *gate.Facts) { f.Target.Status.FinishedAt = pointer(ago(-time.Minute)) }),
		"not to what did not end":                  held(func(f *gate.Facts) { f.Target.Status.FinishedAt = nil }),
		"not to what failed":                       held(func(f *gate.Facts) { f.Target.Status.Phase = argo.OperationFailed }),
		"not to a dry run":                         held(func(f *gate.Facts) { f.Target.Spec.DryRun = true }),
		"not to other manifests than that run's":   held(func(f *gate.Facts) { f.Target.Spec.Manifests = "m0" }),
		"not to a run of another cluster":          held(func(f *gate.Facts) { f.Target.Spec.Destination.UID = "west-1" }),
		"not to a run of another Application":      held(func(f *gate.Facts) { f.Target.Spec.Application.UID = "app-0" }),
		"not to a run of another namespace":        held(func(f *gate.Facts) { f.Target.Namespace = "mallory" }),
		"not to another run":                       held(func(f *gate.Facts) { f.Target.Name = "shop-run-0" }),
		"not to a run that is gone":                held(func(f *gate.Facts) { f.Target = nil }),
		"not past a No":                            {but(func(f *gate.Facts) { f.Approvals = []*capstan.Approval{rejection("bob")} }), gate.Deny, gate.ReasonRejected},
		"not past the limits of deletion":          {but(doing(capstan.ActionPrune, 11, "", "ConfigMap", 1000)), gate.Deny, gate.ReasonPruneLimit},
		"with the usual approvals in any case":     {but(func(f *gate.Facts) { f.Target = nil; f.Approvals = []*capstan.Approval{approval("ann", "approver")} }), gate.Allow, gate.ReasonGranted},
		"whether or not roles can be read":         {but(func(f *gate.Facts) { f.Holds = nil }), gate.Allow, gate.ReasonGranted},
		"unless the role of who said No is unread": {but(func(f *gate.Facts) { f.Approvals = []*capstan.Approval{rejection("bob")}; f.Holds = nil }), gate.Hold, gate.ReasonBlind},
	}, alone)
	judge(t, map[string]row{"without such a rule, a rollback is a change like others": {back, gate.Hold, gate.ReasonApprovalRequired}})
	owned := policy("owned", capstan.PromotionPolicySpec{
		Approvals: []capstan.ApprovalRule{rule("approver", 2)},
		Rollback:  &capstan.RollbackRule{HealthyWithin: *hours(2), Approvals: []capstan.ApprovalRule{rule("owner", 1)}},
	})
	by := func(approvals ...*capstan.Approval) func(f *gate.Facts) {
		return but(func(f *gate.Facts) {
			f.Approvals, f.Holds = approvals, roles(map[string]string{"ann": "approver", "olga": "owner", "otto": "owner"})
		})
	}
	judge(t, map[string]row{
		"the owner of a rollback is enough":     {by(approval("olga", "owner")), gate.Allow, gate.ReasonGranted},
		"nobody is not":                         {by(), gate.Hold, gate.ReasonApprovalRequired},
		"an approver of other changes is not":   {by(approval("ann", "approver")), gate.Hold, gate.ReasonApprovalRequired},
		"an owner may stop what owners approve": {by(approval("olga", "owner"), rejection("otto")), gate.Hold, gate.ReasonApprovalRequired},
		"an approver may stop it for all":       {by(approval("olga", "owner"), rejection("ann")), gate.Deny, gate.ReasonRejected},
	}, owned)
}
