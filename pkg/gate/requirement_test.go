// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

func TestAPolicyGatesWhatItsSelectorsChoose(t *testing.T) {
	t.Parallel()
	labelled := func(key, value string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
	}
	for sentence, c := range map[string]struct {
		selectors []capstan.GateSelector
		namespace string
		want      bool
	}{
		"no selector chooses nothing":           {[]capstan.GateSelector{}, "shop", false},
		"an empty one chooses all":              {[]capstan.GateSelector{{}}, "shop", true},
		"by tier":                               {[]capstan.GateSelector{{Tiers: []string{"dev", "staging"}}}, "shop", true},
		"not by another tier":                   {[]capstan.GateSelector{{Tiers: []string{"dev"}}}, "shop", false},
		"by project":                            {[]capstan.GateSelector{{Projects: []string{"payments"}}}, "shop", true},
		"not by another project":                {[]capstan.GateSelector{{Projects: []string{"pay"}}}, "shop", false},
		"by namespace":                          {[]capstan.GateSelector{{Namespaces: []string{"shop"}}}, "shop", true},
		"not by another namespace":              {[]capstan.GateSelector{{Namespaces: []string{"till"}}}, "shop", false},
		"what names no namespace may go to any": {[]capstan.GateSelector{{Namespaces: []string{"till"}}}, "", true},
		"by label":                              {[]capstan.GateSelector{{Labels: labelled("team", "shop")}}, "shop", true},
		"not by another label":                  {[]capstan.GateSelector{{Labels: labelled("team", "till")}}, "shop", false},
		"a label selector that cannot be read keeps all": {[]capstan.GateSelector{{Labels: labelled("no key!", "x")}}, "shop", true},
		"all fields have to meet":                        {[]capstan.GateSelector{{Tiers: []string{"staging"}, Projects: []string{"pay"}}}, "shop", false},
		"any of the selectors may":                       {[]capstan.GateSelector{{Tiers: []string{"dev"}}, {Projects: []string{"payments"}}}, "shop", true},
	} {
		subject := gate.Subject{Application: shop(), Tier: "staging", Namespace: c.namespace}
		one := policy("one", capstan.PromotionPolicySpec{Selectors: c.selectors})
		if got := gate.Require(subject, []*capstan.PromotionPolicy{one}); got.Gated != c.want {
			t.Errorf("%s: gated is %t", sentence, got.Gated)
		}
	}
	app := shop()
	app.Spec.Project = ""
	one := policy("one", capstan.PromotionPolicySpec{Selectors: []capstan.GateSelector{{Projects: []string{"default"}}}})
	if !gate.Require(gate.Subject{Application: app}, []*capstan.PromotionPolicy{one}).Gated {
		t.Error("an Application without a project is not of the project default")
	}
}

func TestProductionIsNeverUngated(t *testing.T) {
	t.Parallel()
	builtIn := gate.Requirement{
		Gated: true, Rules: []capstan.ApprovalRule{rule("approver", 1)}, ExpiresAfter: 24 * time.Hour,
		Exclude: gate.Exclusions{Requester: true, CommitAuthors: true, PolicyEditor: true, ServiceAccounts: true},
		Prune: gate.Limits{MaxCount: 10, MaxPercent: 30, Protected: []string{
			"CustomResourceDefinition", "Namespace", "PersistentVolume", "PersistentVolumeClaim", "StatefulSet",
		}},
	}
	none := policy("none", capstan.PromotionPolicySpec{Selectors: []capstan.GateSelector{}})
	got := gate.Require(gate.Subject{Application: shop(), Tier: gate.TierProduction}, []*capstan.PromotionPolicy{none})
	if diff := cmp.Diff(builtIn, got); diff != "" {
		t.Errorf("the built-in policy (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(gate.Requirement{}, gate.Require(gate.Subject{Application: shop(), Tier: "dev"}, nil)); diff != "" {
		t.Errorf("what is no production is gated:\n%s", diff)
	}
}

func TestTheSpecInForceCounts(t *testing.T) {
	t.Parallel()
	one := policy("one", capstan.PromotionPolicySpec{Selectors: []capstan.GateSelector{}})
	one.Status = capstan.PromotionPolicyStatus{
		Editor:    "eve",
		Effective: &capstan.PromotionPolicySpec{Selectors: []capstan.GateSelector{{}}, Approvals: []capstan.ApprovalRule{rule("sre", 2)}},
	}
	got := gate.Require(gate.Subject{Application: shop()}, []*capstan.PromotionPolicy{one})
	if len(got.Rules) != 1 || got.Rules[0] != rule("sre", 2) || got.Policies[0] != "one" || got.Editors[0] != "eve" {
		t.Errorf("the requirement is %+v", got)
	}
}

func TestOfSeveralPoliciesTheStrictestOfEachFieldHolds(t *testing.T) {
	t.Parallel()
	a := policy("a", capstan.PromotionPolicySpec{
		Approvals: []capstan.ApprovalRule{rule("owner", 1), rule("sre", 2)}, ExpiresAfter: hours(4),
		Exclude: capstan.ApprovalExclusions{Requester: pointer(false), CommitAuthors: pointer(false), Impersonated: pointer(true)},
		Prune: capstan.PruneLimits{
			MaxCount: pointer(int32(3)), MaxPercent: pointer(int32(-1)), ProtectedKinds: []string{"Job.batch"},
			Exceed: pointer(rule("sre", 1)),
		},
		Rollback:   &capstan.RollbackRule{HealthyWithin: *hours(1), Approvals: []capstan.ApprovalRule{rule("owner", 1)}},
		BreakGlass: &capstan.BreakGlassRule{MaxDuration: hours(2), TicketPattern: "INC-.*"},
	})
	b := policy("b", capstan.PromotionPolicySpec{
		Approvals: []capstan.ApprovalRule{rule("sre", 1), rule("dba", 1)}, RequireReason: true,
		Exclude: capstan.ApprovalExclusions{CommitAuthors: pointer(false), PolicyEditor: pointer(false)},
		Prune: capstan.PruneLimits{
			MaxPercent: pointer(int32(50)), ProtectedKinds: []string{"Secret"}, Exceed: pointer(rule("dba", 2)),
		},
		Rollback:   &capstan.RollbackRule{HealthyWithin: *hours(2)},
		BreakGlass: &capstan.BreakGlassRule{TicketPattern: "[A-Z]+-1", MinReason: pointer(int32(20)), ReviewWithin: hours(2)},
	})
	want := gate.Requirement{
		Gated: true, Policies: []string{"a", "b"},
		Rules:         []capstan.ApprovalRule{rule("dba", 1), rule("owner", 1), rule("sre", 2)},
		Exclude:       gate.Exclusions{Requester: true, PolicyEditor: true, ServiceAccounts: true, Impersonated: true},
		RequireReason: true, ExpiresAfter: 4 * time.Hour,
		Prune: gate.Limits{
			MaxCount: 3, MaxPercent: 0, Protected: []string{"Job.batch", "Secret"},
			Exceed: []capstan.ApprovalRule{rule("dba", 2), rule("sre", 1)},
		},
		Rollback:   &gate.FastPath{Within: time.Hour, Rules: []capstan.ApprovalRule{rule("owner", 1)}},
		BreakGlass: &gate.Emergency{MaxDuration: time.Hour, Tickets: []string{"INC-.*", "[A-Z]+-1"}, MinReason: 20, ReviewWithin: 2 * time.Hour},
	}
	for _, order := range [][]*capstan.PromotionPolicy{{a, b}, {b, a}} {
		got := gate.Require(gate.Subject{Application: shop()}, order)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the join (-want +got):\n%s", diff)
		}
	}
	strict := gate.Require(gate.Subject{Application: shop()}, []*capstan.PromotionPolicy{a, policy("c", capstan.PromotionPolicySpec{})})
	if strict.Rollback != nil || strict.BreakGlass != nil || strict.Prune.Exceed != nil {
		t.Errorf("what one policy forbids, another allowed: %+v", strict)
	}
}
