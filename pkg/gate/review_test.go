// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// used is a grant that ivy used some time ago, for a Plan that is over.
func used(since time.Duration) *capstan.Approval {
	grant := approval("ivy", "")
	grant.Name, grant.Spec.Plan, grant.Spec.PlanDigest = "glass", "shop-1", "sha256:1"
	grant.Spec.Decision, grant.Spec.ExpiresAt = capstan.DecisionBreakGlass, pointer(ago(since-time.Hour))
	grant.Status.UsedAt = pointer(ago(since))
	return grant
}

// daily lets the gate be broken, and has that reviewed within a day.
func daily() *capstan.PromotionPolicy {
	return policy("daily", capstan.PromotionPolicySpec{BreakGlass: &capstan.BreakGlassRule{}})
}

func TestNothingOrdinaryPassesWhileAReviewIsOverdue(t *testing.T) {
	t.Parallel()
	after := func(since time.Duration, change func(f *gate.Facts, grant *capstan.Approval)) func(f *gate.Facts) {
		return func(f *gate.Facts) {
			grant := used(since)
			f.Grants = []*capstan.Approval{grant}
			change(f, grant)
		}
	}
	nothing := func(*gate.Facts, *capstan.Approval) {}
	const day = 24 * time.Hour
	judge(t, map[string]row{
		"an approved Plan passes while there is time":   {after(day-1, nothing), gate.Allow, gate.ReasonGranted},
		"and none from then on":                         {after(day, nothing), gate.Deny, gate.ReasonReviewOverdue},
		"at once where no glass may be broken any more": {after(time.Second, func(f *gate.Facts, _ *capstan.Approval) { f.Requirement.BreakGlass = nil }), gate.Deny, gate.ReasonReviewOverdue},
		"nor of another Application of the name":        {after(day, func(_ *gate.Facts, a *capstan.Approval) { a.Spec.Application.UID = "app-0" }), gate.Deny, gate.ReasonReviewOverdue},
		"nor while the Approval is being deleted":       {after(day, func(_ *gate.Facts, a *capstan.Approval) { a.DeletionTimestamp = pointer(ago(0)) }), gate.Deny, gate.ReasonReviewOverdue},
		"a rollback of one's own does not either": {after(day, func(f *gate.Facts, _ *capstan.Approval) {
			back(f)
			f.Requirement.Rollback = &gate.FastPath{Within: 100 * day}
			*f = seal(*f)
		}), gate.Deny, gate.ReasonReviewOverdue},
		"all pass once it is reviewed":         {after(9*day, func(_ *gate.Facts, a *capstan.Approval) { a.Status.Review = &capstan.ApprovalReview{} }), gate.Allow, gate.ReasonGranted},
		"a grant that was not used needs none": {after(9*day, func(_ *gate.Facts, a *capstan.Approval) { a.Status.UsedAt = nil }), gate.Allow, gate.ReasonGranted},
		"another emergency passes": {after(day, func(f *gate.Facts, _ *capstan.Approval) {
			again := approval("ivy", "")
			again.Spec.Decision, again.Spec.Ticket, again.Spec.ExpiresAt = capstan.DecisionBreakGlass, "INC-2", pointer(ago(-time.Hour))
			again.Spec.Reason, again.CreationTimestamp = "it burns again", ago(time.Minute)
			f.Approvals = []*capstan.Approval{again}
			*f = seal(*f)
		}), gate.Allow, gate.ReasonBreakGlass},
	}, daily())
}

func TestNobodyApprovesWhileAReviewIsOverdue(t *testing.T) {
	t.Parallel()
	f := facts(daily())
	f.Grants = []*capstan.Approval{used(25 * time.Hour)}
	_, verdict := gate.Eligible(f, person("ann"), gate.Ask{PlanDigest: f.Plan.Digest})
	if verdict.Reason != gate.ReasonReviewOverdue || !strings.Contains(verdict.Message, `"review":"glass"`) {
		t.Errorf("an approval: %s %s", verdict.Reason, verdict.Message)
	}
	_, verdict = gate.Eligible(f, person("ann"), gate.Ask{Decision: capstan.DecisionReject, PlanDigest: f.Plan.Digest})
	if !verdict.Allowed() {
		t.Errorf("a rejection: %s %s", verdict.Reason, verdict.Message)
	}
}

func TestWhoMayReviewAnEmergency(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		change func(f *gate.Facts)
		who    capstan.Approver
		name   string
		reason string
		want   gate.Reason
	}{
		"another person of a role":               {nil, person("ann"), "glass", "fine", gate.ReasonEligible},
		"without a Plan too":                     {func(f *gate.Facts) { f.Plan, f.Approvals = nil, nil }, person("ann"), "glass", "fine", gate.ReasonEligible},
		"not who broke the gate":                 {nil, person("ivy"), "glass", "fine", gate.ReasonExcluded},
		"nor in other letters":                   {nil, capstan.Approver{Username: "IVY"}, "glass", "fine", gate.ReasonExcluded},
		"nor under another name of the UID":      {nil, capstan.Approver{Username: "ann", UID: "u-ivy"}, "glass", "fine", gate.ReasonExcluded},
		"not a program":                          {nil, person("system:serviceaccount:a:b"), "glass", "fine", gate.ReasonExcluded},
		"not without a role":                     {nil, person("zoe"), "glass", "fine", gate.ReasonNoRole},
		"not without a word":                     {nil, person("ann"), "glass", " ", gate.ReasonReasonRequired},
		"not what nobody did":                    {nil, person("ann"), "by-ann", "fine", gate.ReasonNotPending},
		"not what was not used":                  {func(f *gate.Facts) { f.Grants[0].Status.UsedAt = nil }, person("ann"), "glass", "fine", gate.ReasonNotPending},
		"not twice":                              {func(f *gate.Facts) { f.Grants[0].Status.Review = &capstan.ApprovalReview{} }, person("ann"), "glass", "fine", gate.ReasonNotPending},
		"not where nobody can tell who holds it": {func(f *gate.Facts) { f.Holds = nil }, person("ann"), "glass", "fine", gate.ReasonBlind},
		"not blindly":                            {func(f *gate.Facts) { f.Unreadable = errAway }, person("ann"), "glass", "fine", gate.ReasonBlind},
		"not of what nothing gates":              {func(f *gate.Facts) { f.Requirement = gate.Requirement{} }, person("ann"), "glass", "fine", gate.ReasonNotGated},
	} {
		f := facts(daily())
		f.Grants = []*capstan.Approval{used(time.Hour)}
		if c.change != nil {
			c.change(&f)
		}
		got := gate.Review(f, c.who, c.name, c.reason)
		if got.Reason != c.want || got.Allowed() != (c.want == gate.ReasonEligible) {
			t.Errorf("%s: %s (%s) %s, want %s", sentence, got.Decision, got.Reason, got.Message, c.want)
		}
		if !got.Allowed() && !strings.Contains(got.Message, "kubectl ") {
			t.Errorf("%s: the refusal names no command to run: %s", sentence, got.Message)
		}
	}
}

func TestEmergenciesAreThoseOfWhichThereIsSomethingToSay(t *testing.T) {
	t.Parallel()
	f := facts(daily())
	open, lapsed, reviewed, over := used(0), used(0), used(0), used(30*time.Hour)
	open.Name, open.Status.UsedAt, open.Spec.ExpiresAt = "open", nil, pointer(ago(-time.Minute))
	lapsed.Name, lapsed.Status.UsedAt, lapsed.Spec.ExpiresAt = "lapsed", nil, pointer(ago(0))
	reviewed.Status.Review = &capstan.ApprovalReview{}
	f.Grants = []*capstan.Approval{open, lapsed, reviewed, over}
	got := gate.Emergencies(f)
	want := []argo.GateEmergency{
		{Approval: "open", Username: "ivy", Until: ago(-time.Minute)},
		{Approval: "glass", Username: "ivy", Until: ago(29 * time.Hour), ReviewBy: pointer(ago(6 * time.Hour))},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("emergencies (-want +got):\n%s", diff)
	}
	if gate.Overdue(got[0], f.Now) || !gate.Overdue(got[1], f.Now) {
		t.Error("the one that was used a day ago is overdue, and no other")
	}
}
