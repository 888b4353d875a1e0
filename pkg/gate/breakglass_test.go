// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

func emergencies() *capstan.PromotionPolicy {
	return policy("emergencies", capstan.PromotionPolicySpec{
		BreakGlass: &capstan.BreakGlassRule{MaxDuration: hours(2), TicketPattern: "INC-[0-9]+|SEV", MinReason: pointer(int32(4))},
		Prune:      capstan.PruneLimits{Exceed: pointer(rule("boss", 1))},
		Exclude:    capstan.ApprovalExclusions{Impersonated: pointer(true)},
	})
}

func TestWhoMayBreakTheGlass(t *testing.T) {
	t.Parallel()
	type request = gate.BreakGlassRequest
	for sentence, c := range map[string]struct {
		change func(f *gate.Facts, r *request)
		reason gate.Reason
	}{
		"with a ticket and a reason":            {func(*gate.Facts, *request) {}, gate.ReasonBreakGlass},
		"who asked for the Plan too":            {func(_ *gate.Facts, r *request) { r.Who = person("rita") }, gate.ReasonBreakGlass},
		"for as long as the policy says":        {func(_ *gate.Facts, r *request) { r.Duration = 2 * time.Hour }, gate.ReasonBreakGlass},
		"not for longer":                        {func(_ *gate.Facts, r *request) { r.Duration = 2*time.Hour + 1 }, gate.ReasonDuration},
		"not for less than nothing":             {func(_ *gate.Facts, r *request) { r.Duration = -1 }, gate.ReasonDuration},
		"not without a ticket":                  {func(_ *gate.Facts, r *request) { r.Ticket = " " }, gate.ReasonTicketRequired},
		"not with half a ticket":                {func(_ *gate.Facts, r *request) { r.Ticket = "xINC-1" }, gate.ReasonTicketRequired},
		"nor with more than one":                {func(_ *gate.Facts, r *request) { r.Ticket = "INC-1\nx" }, gate.ReasonTicketRequired},
		"nor with the end of another pattern":   {func(_ *gate.Facts, r *request) { r.Ticket = "xSEV" }, gate.ReasonTicketRequired},
		"not where the pattern cannot be read":  {func(f *gate.Facts, _ *request) { f.Requirement.BreakGlass.Tickets = []string{"("} }, gate.ReasonTicketRequired},
		"nor where it closes what is around it": {func(f *gate.Facts, _ *request) { f.Requirement.BreakGlass.Tickets = []string{"INC-1)|(?:"} }, gate.ReasonTicketRequired},
		"not without a reason":                  {func(_ *gate.Facts, r *request) { r.Reason = "a   " }, gate.ReasonReasonRequired},
		"with a reason in any letters":          {func(_ *gate.Facts, r *request) { r.Reason = "äöüß" }, gate.ReasonBreakGlass},
		"not a program":                         {func(_ *gate.Facts, r *request) { r.Who = person("system:serviceaccount:a:b") }, gate.ReasonExcluded},
		"not who is impersonated":               {func(_ *gate.Facts, r *request) { r.Who.Extra = nil }, gate.ReasonExcluded},
		"not where a policy forbids it":         {func(f *gate.Facts, _ *request) { f.Requirement = f.Requirement.Join(facts().Requirement) }, gate.ReasonBreakGlassForbidden},
		"not another Plan than the one read":    {func(_ *gate.Facts, r *request) { r.PlanDigest = "sha256:0" }, gate.ReasonStalePlan},
		"not a Plan of what is no more":         {func(f *gate.Facts, _ *request) { f.ClusterUID = "west-1" }, gate.ReasonStalePlan},
		"not past a No":                         {func(f *gate.Facts, _ *request) { f.Approvals = []*capstan.Approval{rejection("bob")}; *f = seal(*f) }, gate.ReasonRejected},
		"not past the limits of deletion": {func(f *gate.Facts, r *request) {
			doing(capstan.ActionPrune, 11, "", "Job", 999)(f)
			r.PlanDigest = f.Plan.Digest
		}, gate.ReasonPruneLimit},
		"not for protected kinds": {func(f *gate.Facts, r *request) {
			doing(capstan.ActionPrune, 1, "", "Namespace", 999)(f)
			r.PlanDigest = f.Plan.Digest
		}, gate.ReasonProtected},
		"not to delete everything": {func(f *gate.Facts, r *request) {
			destroying(func(f *gate.Facts) { *f = seal(*f) })(f)
			r.PlanDigest = f.Plan.Digest
		}, gate.ReasonBreakGlassForbidden},
		"not what nothing gates": {func(f *gate.Facts, _ *request) { f.Requirement = gate.Requirement{} }, gate.ReasonNotGated},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			f := facts(emergencies())
			r := request{Who: person("ivy"), PlanDigest: f.Plan.Digest, Reason: "fire", Ticket: "INC-12"}
			c.change(&f, &r)
			got := gate.BreakGlass(f, r)
			if got.Reason != c.reason || got.Allowed() != (c.reason == gate.ReasonBreakGlass) {
				t.Errorf("%s (%s) %s, want %s", got.Decision, got.Reason, got.Message, c.reason)
			}
			if !got.Allowed() && !strings.Contains(got.Message, "kubectl ") {
				t.Errorf("the refusal names no command to run: %s", got.Message)
			}
		})
	}
}

func TestABrokenGlassLetsAPlanThrough(t *testing.T) {
	t.Parallel()
	broken := func(change func(f *gate.Facts, grant *capstan.Approval)) func(f *gate.Facts) {
		return func(f *gate.Facts) {
			grant := approval("ivy", "")
			grant.Spec.Decision, grant.Spec.Ticket, grant.Spec.ExpiresAt = capstan.DecisionBreakGlass, "INC-1", pointer(ago(-time.Hour))
			f.Approvals = []*capstan.Approval{grant}
			change(f, grant)
			*f = seal(*f)
		}
	}
	held := func(change func(f *gate.Facts, grant *capstan.Approval)) row {
		return row{broken(change), gate.Hold, gate.ReasonApprovalRequired}
	}
	through := func(change func(f *gate.Facts, grant *capstan.Approval)) row {
		return row{broken(change), gate.Allow, gate.ReasonBreakGlass}
	}
	judge(t, map[string]row{
		"while it holds":                      through(func(*gate.Facts, *capstan.Approval) {}),
		"though no role can be read":          through(func(f *gate.Facts, _ *capstan.Approval) { f.Holds = nil }),
		"not from when it ends":               held(func(_ *gate.Facts, a *capstan.Approval) { a.Spec.ExpiresAt = pointer(ago(0)) }),
		"not without an end":                  held(func(_ *gate.Facts, a *capstan.Approval) { a.Spec.ExpiresAt = nil }),
		"not for longer than the policy says": held(func(_ *gate.Facts, a *capstan.Approval) { a.CreationTimestamp = ago(2 * time.Hour) }),
		"not before it was made":              held(func(_ *gate.Facts, a *capstan.Approval) { a.CreationTimestamp = ago(-1) }),
		"not without a time":                  held(func(_ *gate.Facts, a *capstan.Approval) { a.CreationTimestamp.Reset() }),
		"not twice":                           held(func(_ *gate.Facts, a *capstan.Approval) { a.Status.UsedAt = pointer(ago(1)) }),
		"not where its ticket is no ticket":   held(func(_ *gate.Facts, a *capstan.Approval) { a.Spec.Ticket = "none" }),
		"not where its reason is none":        held(func(_ *gate.Facts, a *capstan.Approval) { a.Spec.Reason = "" }),
		"not of a program":                    held(func(_ *gate.Facts, a *capstan.Approval) { a.Spec.Approver.Username = "system:node:a" }),
		"not for another Plan":                held(func(_ *gate.Facts, a *capstan.Approval) { a.Spec.Plan = "shop-1" }),
		"not once a policy forbids it":        held(func(f *gate.Facts, _ *capstan.Approval) { f.Requirement.BreakGlass = nil }),
		"not past a No":                       {broken(func(f *gate.Facts, _ *capstan.Approval) { f.Approvals = append(f.Approvals, rejection("bob")) }), gate.Deny, gate.ReasonRejected},
		"nor a No of who cannot be told": {broken(func(f *gate.Facts, _ *capstan.Approval) {
			f.Approvals, f.Holds = append(f.Approvals, rejection("bob")), nil
		}), gate.Hold, gate.ReasonBlind},
		"not past the limits of deletion":      held(func(f *gate.Facts, _ *capstan.Approval) { doing(capstan.ActionPrune, 11, "", "Job", 999)(f) }),
		"not for objects of a protected kind":  held(func(f *gate.Facts, _ *capstan.Approval) { doing(capstan.ActionPrune, 1, "", "Namespace", 999)(f) }),
		"not for the deletion of Applications": held(func(f *gate.Facts, _ *capstan.Approval) { f.Deleting, f.Plan.Spec.Kind = true, capstan.PlanDestroy }),
	}, emergencies())
}

func TestAGrantEndsWhenThePolicySays(t *testing.T) {
	t.Parallel()
	for asked, want := range map[time.Duration]time.Duration{0: time.Hour, time.Minute: time.Minute, 5 * time.Hour: time.Hour} {
		if got := (gate.Emergency{MaxDuration: time.Hour}).Until(noon(), asked).Sub(noon()); got != want {
			t.Errorf("%s asked: %s, want %s", asked, got, want)
		}
	}
}
