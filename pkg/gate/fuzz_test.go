// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"encoding/json"
	"math/rand"
	"testing"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// FuzzDecide lets hostile texts stand in policies, Plans and Approvals: nothing panics, and what is let through is a
// Plan that holds now.
func FuzzDecide(f *testing.F) {
	f.Add(int64(1), `{"selectors":[{}],"breakGlass":{"ticketPattern":"INC-1)|(?:"}}`, `{"kind":"Sync"}`, `{"decision":"BreakGlass"}`)
	f.Add(int64(2), `{"selectors":[{}],"approvals":[{"role":"","required":-2147483648}]}`, `{"kind":"Destroy"}`, `{"approver":{"username":" "}}`)
	f.Add(int64(3), `{"prune":{"maxPercent":2147483647,"protectedKinds":["."]}}`, `{"deployed":-2147483648,"changes":[{}]}`, `{"decision":"Reject"}`)
	f.Add(int64(4), `{"selectors":[{}],"rollback":{"healthyWithin":"2562047h"}}`, `{"kind":"Rollback"}`, `{"roles":["approver"]}`)
	f.Fuzz(func(t *testing.T, seed int64, spec, plan, approval string) {
		d := dice{rand.New(rand.NewSource(seed))}
		var policy capstan.PromotionPolicySpec
		if json.Unmarshal([]byte(spec), &policy) != nil {
			return
		}
		facts := d.facts(gate.Require(d.subject(), []*capstan.PromotionPolicy{d.policy("it", policy)}))
		if facts.Plan != nil && json.Unmarshal([]byte(plan), &facts.Plan.Spec) == nil && d.oneIn(2) {
			facts = seal(facts)
		}
		if len(facts.Approvals) > 0 && json.Unmarshal([]byte(approval), &facts.Approvals[0].Spec) != nil {
			return
		}
		checkVerdict(t, facts, gate.Decide(facts))
		if facts.Plan == nil {
			return
		}
		who, digest := d.someone(), facts.Plan.Digest
		if held, verdict := gate.Eligible(facts, who, gate.Ask{PlanDigest: digest}); verdict.Allowed() != (len(held) > 0) {
			t.Errorf("eligible as %q: %+v", held, verdict)
		}
		if broken := gate.BreakGlass(facts, gate.BreakGlassRequest{Who: who, PlanDigest: digest, Ticket: approval, Reason: plan}); broken.Allowed() {
			checkVerdict(t, facts, broken)
		}
	})
}

func checkVerdict(t *testing.T, f gate.Facts, verdict gate.Verdict) {
	t.Helper()
	if verdict.Reason == "" || verdict.Message == "" {
		t.Errorf("a verdict says nothing: %+v", verdict)
	}
	if !verdict.Allowed() || verdict.Reason == gate.ReasonNotGated {
		return
	}
	destroys := f.Plan.Spec.Kind == capstan.PlanDestroy
	for what, is := range map[string]bool{
		"all was read":                  f.Unreadable == nil && f.Requirement.Gated,
		"the Plan is what it says":      f.Plan.Digest == gate.PlanDigest(f.Plan.Spec),
		"of this Application":           f.Plan.Spec.Application.UID == f.Application.UID && f.Application.UID != "",
		"of this spec":                  f.Plan.Spec.Application.Spec == gate.SpecDigest(f.Application.Spec),
		"of this cluster":               f.Plan.Spec.Destination.UID == f.ClusterUID && f.ClusterUID != "",
		"of what is deployed":           f.Plan.Spec.From == f.Deployed,
		"for what is asked":             destroys == f.Deleting,
		"was not used":                  f.Plan.Status.StartedAt == nil,
		"an emergency destroys nothing": verdict.Reason != gate.ReasonBreakGlass || !destroys,
	} {
		if !is {
			t.Errorf("let through, and it is not so that %s: %+v", what, verdict)
		}
	}
}

// FuzzWeaker holds what Weaker says of any two specs against what Decide says of random facts.
func FuzzWeaker(f *testing.F) {
	f.Add(int64(1), `{"selectors":[{}],"approvals":[{"role":"sre","required":2}]}`, `{"selectors":[{}],"approvals":[{"role":"sre"},{"role":"sre"}]}`)
	f.Add(int64(2), `{"selectors":[{"labels":{"matchLabels":{"!":"x"}}}]}`, `{"selectors":[{"labels":{"matchExpressions":[{"key":"team","operator":"Exists"}]}}]}`)
	f.Add(int64(3), `{"selectors":[{}],"prune":{"protectedKinds":["Job."]}}`, `{"selectors":[{}],"prune":{"protectedKinds":["JOB"]}}`)
	f.Add(int64(4), `{"selectors":[{"tiers":["dev"]}]}`, `{"selectors":[{"tiers":["dev"]},{"projects":["payments"]}],"rollback":{"healthyWithin":"9h"}}`)
	f.Fuzz(func(t *testing.T, seed int64, before, after string) {
		var was, is capstan.PromotionPolicySpec
		if json.Unmarshal([]byte(before), &was) != nil || json.Unmarshal([]byte(after), &is) != nil {
			return
		}
		if same := gate.Weaker(was, &was); len(same) > 0 {
			t.Errorf("a policy is weaker than itself: %q", same)
		}
		if len(gate.Weaker(was, &is)) > 0 {
			return
		}
		d := dice{rand.New(rand.NewSource(seed))}
		subject := d.subject()
		facts := d.facts(gate.Require(subject, []*capstan.PromotionPolicy{policyOf(is)}))
		now := gate.Decide(facts)
		facts.Requirement = gate.Require(subject, []*capstan.PromotionPolicy{policyOf(was)})
		if then := gate.Decide(facts); now.Allowed() && !then.Allowed() {
			t.Errorf("no weaker, and let through: %+v\nwhat was: %+v", now, then)
		}
	})
}

func policyOf(spec capstan.PromotionPolicySpec) *capstan.PromotionPolicy {
	return &capstan.PromotionPolicy{Spec: spec}
}
