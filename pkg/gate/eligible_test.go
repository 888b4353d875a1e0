// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

func TestWhoMayApprove(t *testing.T) {
	t.Parallel()
	type ask struct {
		who    string
		change func(f *gate.Facts, who *capstan.Approver, ask *gate.Ask)
		roles  []string
		reason gate.Reason
	}
	same := func(*gate.Facts, *capstan.Approver, *gate.Ask) {}
	phase := func(phase capstan.PlanPhase, decision capstan.ApprovalDecision) func(*gate.Facts, *capstan.Approver, *gate.Ask) {
		return func(f *gate.Facts, _ *capstan.Approver, ask *gate.Ask) {
			f.Plan.Status.Phase, ask.Decision = phase, decision
		}
	}
	strict := policy("strict", capstan.PromotionPolicySpec{
		Approvals: []capstan.ApprovalRule{rule("sre", 1), rule("owner", 1)}, RequireReason: true,
		Exclude:  capstan.ApprovalExclusions{Impersonated: pointer(true)},
		Prune:    capstan.PruneLimits{Exceed: pointer(rule("boss", 1))},
		Rollback: &capstan.RollbackRule{HealthyWithin: *hours(1), Approvals: []capstan.ApprovalRule{rule("pilot", 1)}},
	})
	strict.Status.Editor = "eve"
	for sentence, c := range map[string]ask{
		"an owner, as an owner":                 {"olga", same, []string{"owner"}, gate.ReasonEligible},
		"somebody of two roles, as both":        {"ann", same, []string{"owner", "sre"}, gate.ReasonEligible},
		"not who holds no role":                 {"mallory", same, nil, gate.ReasonNoRole},
		"not a boss, where nothing is exceeded": {"bea", same, nil, gate.ReasonNoRole},
		"a boss, where the limits are": {"bea", func(f *gate.Facts, _ *capstan.Approver, ask *gate.Ask) {
			doing(capstan.ActionPrune, 11, "", "Job", 99)(f)
			ask.PlanDigest = f.Plan.Digest
		}, []string{"boss"}, gate.ReasonEligible},
		"a pilot, for a rollback":   {"pia", func(f *gate.Facts, _ *capstan.Approver, ask *gate.Ask) { back(f); ask.PlanDigest = f.Plan.Digest }, []string{"pilot"}, gate.ReasonEligible},
		"not a pilot, for a sync":   {"pia", same, nil, gate.ReasonNoRole},
		"not who asked":             {"rita", same, nil, gate.ReasonExcluded},
		"not who edited the policy": {"eve", same, nil, gate.ReasonExcluded},
		"not an author": {"ann", func(f *gate.Facts, _ *capstan.Approver, ask *gate.Ask) {
			f.Plan.Spec.Authors = []capstan.PlanAuthor{{Email: "ann"}}
			*f = seal(*f)
			ask.PlanDigest = f.Plan.Digest
		}, nil, gate.ReasonExcluded},
		"not a service account":                   {"system:serviceaccount:team:ci", same, nil, gate.ReasonExcluded},
		"not who is impersonated":                 {"ann", func(_ *gate.Facts, who *capstan.Approver, _ *gate.Ask) { who.Extra = nil }, nil, gate.ReasonExcluded},
		"not without a reason":                    {"ann", func(_ *gate.Facts, _ *capstan.Approver, ask *gate.Ask) { ask.Reason = "\t" }, nil, gate.ReasonReasonRequired},
		"not another Plan than the newest":        {"ann", func(_ *gate.Facts, _ *capstan.Approver, ask *gate.Ask) { ask.PlanDigest = "sha256:0" }, nil, gate.ReasonStalePlan},
		"not without saying which":                {"ann", func(_ *gate.Facts, _ *capstan.Approver, ask *gate.Ask) { ask.PlanDigest = "" }, nil, gate.ReasonStalePlan},
		"not a Plan of what is no more":           {"ann", func(f *gate.Facts, _ *capstan.Approver, _ *gate.Ask) { f.Deployed = "m0" }, nil, gate.ReasonStalePlan},
		"not where there is no Plan":              {"ann", func(f *gate.Facts, _ *capstan.Approver, _ *gate.Ask) { f.Plan = nil }, nil, gate.ReasonNoPlan},
		"not where nothing is gated":              {"ann", func(f *gate.Facts, _ *capstan.Approver, _ *gate.Ask) { f.Requirement = gate.Requirement{} }, nil, gate.ReasonNotGated},
		"not where something is unread":           {"ann", func(f *gate.Facts, _ *capstan.Approver, _ *gate.Ask) { f.Unreadable = errAway }, nil, gate.ReasonBlind},
		"not where the roles are":                 {"ann", func(f *gate.Facts, _ *capstan.Approver, _ *gate.Ask) { f.Holds = blindFor("ann", f.Holds) }, nil, gate.ReasonBlind},
		"not what was used":                       {"ann", func(f *gate.Facts, _ *capstan.Approver, _ *gate.Ask) { f.Plan.Status.StartedAt = pointer(ago(0)) }, nil, gate.ReasonAlreadyUsed},
		"not what was rejected":                   {"ann", phase(capstan.PlanRejected, ""), nil, gate.ReasonRejected},
		"not what waits for nobody":               {"ann", phase(capstan.PlanApproved, ""), nil, gate.ReasonNotPending},
		"but it can be rejected still":            {"ann", phase(capstan.PlanApproved, capstan.DecisionReject), []string{"owner", "sre"}, gate.ReasonEligible},
		"not reject what runs":                    {"ann", phase(capstan.PlanRunning, capstan.DecisionReject), nil, gate.ReasonAlreadyUsed},
		"who asked may reject":                    {"rita", phase(capstan.PlanPending, capstan.DecisionReject), []string{"sre"}, gate.ReasonEligible},
		"who holds no role may not reject either": {"mallory", phase(capstan.PlanPending, capstan.DecisionReject), nil, gate.ReasonNoRole},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			f := facts(strict)
			f.Holds = roles(map[string]string{
				"ann": "sre owner", "olga": "owner", "bea": "boss", "pia": "pilot", "rita": "sre", "eve": "sre",
			})
			who, said := person(c.who), gate.Ask{PlanDigest: f.Plan.Digest, Reason: "read it"}
			c.change(&f, &who, &said)
			got, verdict := gate.Eligible(f, who, said)
			if diff := cmp.Diff(c.roles, got); diff != "" || verdict.Reason != c.reason {
				t.Errorf("%s: %s, want %s; roles (-want +got):\n%s", verdict.Reason, verdict.Message, c.reason, diff)
			}
			if verdict.Allowed() != (c.roles != nil) {
				t.Errorf("the verdict is %+v", verdict)
			}
			if !verdict.Allowed() && !strings.Contains(verdict.Message, "kubectl ") {
				t.Errorf("the refusal names no command to run: %s", verdict.Message)
			}
		})
	}
}

func TestNobodyApprovesWhatNobodyMayLetThrough(t *testing.T) {
	t.Parallel()
	f := facts()
	doing(capstan.ActionPrune, 1, "", "Namespace", 99)(&f)
	if _, got := gate.Eligible(f, person("ann"), gate.Ask{PlanDigest: f.Plan.Digest}); got.Reason != gate.ReasonProtected {
		t.Errorf("the verdict is %+v", got)
	}
	if _, got := gate.Eligible(f, person("ann"), gate.Ask{PlanDigest: f.Plan.Digest, Decision: capstan.DecisionReject}); !got.Allowed() {
		t.Errorf("it cannot be rejected: %+v", got)
	}
}

func TestWhatIsEligibleIsWhatCounts(t *testing.T) {
	t.Parallel()
	f := facts()
	f.Approvals = nil
	held, verdict := gate.Eligible(f, person("bob"), gate.Ask{PlanDigest: f.Plan.Digest})
	if !verdict.Allowed() || gate.Decide(f).Allowed() {
		t.Fatalf("before the approval: %+v", verdict)
	}
	f.Approvals = []*capstan.Approval{approval("bob", strings.Join(held, " "))}
	f.Now = f.Now.Add(time.Minute)
	if got := gate.Decide(seal(f)); !got.Allowed() {
		t.Errorf("after the approval: %+v", got)
	}
}
