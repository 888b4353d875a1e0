// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// guarded is a policy that says something in every field.
func guarded() capstan.PromotionPolicySpec {
	return capstan.PromotionPolicySpec{
		Selectors: []capstan.GateSelector{
			{Tiers: []string{"production", "staging"}},
			{Projects: []string{"pay"}, Labels: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}}},
		},
		Approvals: []capstan.ApprovalRule{rule("approver", 1), rule("sre", 2)}, RequireReason: true, ExpiresAfter: hours(8),
		Exclude: capstan.ApprovalExclusions{Impersonated: pointer(true)},
		Prune: capstan.PruneLimits{
			MaxCount: pointer(int32(5)), MaxPercent: pointer(int32(20)), ProtectedKinds: []string{"Namespace", "Secret"},
			Exceed: pointer(rule("sre", 3)),
		},
		Rollback:   &capstan.RollbackRule{HealthyWithin: *hours(24), Approvals: []capstan.ApprovalRule{rule("sre", 1)}},
		BreakGlass: &capstan.BreakGlassRule{MaxDuration: hours(2), TicketPattern: "INC-.*", MinReason: pointer(int32(20))},
	}
}

func TestWhatWeakensAPolicy(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		change func(spec *capstan.PromotionPolicySpec)
		want   string
	}{
		"a dropped selector":        {func(s *capstan.PromotionPolicySpec) { s.Selectors = s.Selectors[:1] }, "what spec.selectors[1] chose is not all chosen any more"},
		"no selectors":              {func(s *capstan.PromotionPolicySpec) { s.Selectors = nil }, "what spec.selectors[0] chose is not all chosen any more"},
		"fewer tiers":               {func(s *capstan.PromotionPolicySpec) { s.Selectors[0].Tiers = []string{"production"} }, "what spec.selectors[0] chose is not all chosen any more"},
		"a namespace in a selector": {func(s *capstan.PromotionPolicySpec) { s.Selectors[0].Namespaces = []string{"x"} }, "what spec.selectors[0] chose is not all chosen any more"},
		"a label more in a selector": {func(s *capstan.PromotionPolicySpec) {
			s.Selectors[1].Labels.MatchLabels = map[string]string{"team": "shop", "a": "b"}
		}, "what spec.selectors[1] chose is not all chosen any more"},
		"another label": {func(s *capstan.PromotionPolicySpec) {
			s.Selectors[1].Labels.MatchLabels = map[string]string{"team": "x"}
		}, "what spec.selectors[1] chose is not all chosen any more"},
		"a dropped rule":                  {func(s *capstan.PromotionPolicySpec) { s.Approvals = s.Approvals[:1] }, "0 rather than 2 of role sre are needed"},
		"fewer people":                    {func(s *capstan.PromotionPolicySpec) { s.Approvals[1].Required = 1 }, "1 rather than 2 of role sre are needed"},
		"another role":                    {func(s *capstan.PromotionPolicySpec) { s.Approvals[0].Role = "friend" }, "0 rather than 1 of role approver are needed"},
		"the requester counts":            {func(s *capstan.PromotionPolicySpec) { s.Exclude.Requester = pointer(false) }, "approvals of who asked for the Plan count"},
		"authors count":                   {func(s *capstan.PromotionPolicySpec) { s.Exclude.CommitAuthors = pointer(false) }, "approvals of authors of commits count"},
		"editors count":                   {func(s *capstan.PromotionPolicySpec) { s.Exclude.PolicyEditor = pointer(false) }, "approvals of editors of policies count"},
		"programs count":                  {func(s *capstan.PromotionPolicySpec) { s.Exclude.ServiceAccounts = pointer(false) }, "approvals of service accounts count"},
		"the impersonated count":          {func(s *capstan.PromotionPolicySpec) { s.Exclude.Impersonated = nil }, "approvals of who is impersonated count"},
		"no reasons":                      {func(s *capstan.PromotionPolicySpec) { s.RequireReason = false }, "approvals need no reason any more"},
		"a longer life":                   {func(s *capstan.PromotionPolicySpec) { s.ExpiresAfter = nil }, "approvals hold for 24h0m0s rather than 8h0m0s"},
		"more deletions":                  {func(s *capstan.PromotionPolicySpec) { s.Prune.MaxCount = nil }, "a Plan may delete 10 rather than 5 objects"},
		"a larger part of deletions":      {func(s *capstan.PromotionPolicySpec) { s.Prune.MaxPercent = pointer(int32(100)) }, "a Plan may delete 100% rather than 20% of the objects"},
		"fewer protected kinds":           {func(s *capstan.PromotionPolicySpec) { s.Prune.ProtectedKinds = []string{"Namespace"} }, "objects of kind Secret are not protected any more"},
		"a kind protected in one group":   {func(s *capstan.PromotionPolicySpec) { s.Prune.ProtectedKinds = []string{"Namespace", "Secret.x"} }, "objects of kind Secret are not protected any more"},
		"fewer to go beyond":              {func(s *capstan.PromotionPolicySpec) { s.Prune.Exceed.Required = 2 }, "beyond the limits of deletion, 2 rather than 3 of role sre are needed"},
		"a rollback to longer ago":        {func(s *capstan.PromotionPolicySpec) { s.Rollback.HealthyWithin = *hours(25) }, "a rollback may go back 25h0m0s rather than 24h0m0s"},
		"a rollback by the requester":     {func(s *capstan.PromotionPolicySpec) { s.Rollback.Approvals = nil }, "for a rollback, 0 rather than 1 of role sre are needed"},
		"a longer emergency":              {func(s *capstan.PromotionPolicySpec) { s.BreakGlass.MaxDuration = hours(3) }, "a broken gate stays open for 3h0m0s rather than 2h0m0s"},
		"other tickets":                   {func(s *capstan.PromotionPolicySpec) { s.BreakGlass.TicketPattern = "" }, `tickets of an emergency need not match "INC-.*"`},
		"a later review":                  {func(s *capstan.PromotionPolicySpec) { s.BreakGlass.ReviewWithin = hours(25) }, "an emergency may be reviewed within 25h0m0s rather than 24h0m0s"},
		"shorter reasons in an emergency": {func(s *capstan.PromotionPolicySpec) { s.BreakGlass.MinReason = nil }, "reasons of an emergency need 10 rather than 20 characters"},
	} {
		after := guarded()
		c.change(&after)
		got := gate.Weaker(guarded(), &after)
		if len(got) == 0 || got[0] != c.want {
			t.Errorf("%s: %q, want %q", sentence, got, c.want)
		}
	}
	if got := gate.Weaker(guarded(), nil); len(got) != 1 {
		t.Errorf("a deletion: %q", got)
	}
	bare := guarded()
	bare.Prune.Exceed, bare.Rollback, bare.BreakGlass = nil, nil, nil
	added := []string{
		"a Plan beyond the limits of deletion may be approved",
		"a rollback to what was healthy lately needs less than other changes",
		"the gate may be broken in an emergency",
	}
	if diff := cmp.Diff(added, gate.Weaker(bare, pointer(guarded()))); diff != "" {
		t.Errorf("ways around that were added (-want +got):\n%s", diff)
	}
}

func TestWhatStrengthensAPolicyIsImmediate(t *testing.T) {
	t.Parallel()
	for sentence, change := range map[string]func(spec *capstan.PromotionPolicySpec){
		"nothing": func(*capstan.PromotionPolicySpec) {},
		"a selector more, of no production": func(s *capstan.PromotionPolicySpec) {
			s.Selectors = append(s.Selectors, capstan.GateSelector{Tiers: []string{"dev"}})
		},
		"a wider selector by labels": func(s *capstan.PromotionPolicySpec) {
			s.Selectors[1].Labels, s.Selectors[1].Tiers = nil, []string{}
			s.Rollback, s.BreakGlass = nil, nil
			s.Prune = capstan.PruneLimits{ProtectedKinds: append(builtInKinds(), "Secret"), MaxCount: pointer(int32(1)), MaxPercent: pointer(int32(1))}
		},
		"selectors in another order": func(s *capstan.PromotionPolicySpec) { s.Selectors[0], s.Selectors[1] = s.Selectors[1], s.Selectors[0] },
		"rules in another order":     func(s *capstan.PromotionPolicySpec) { s.Approvals[0], s.Approvals[1] = s.Approvals[1], s.Approvals[0] },
		"a rule in two parts": func(s *capstan.PromotionPolicySpec) {
			s.Approvals = []capstan.ApprovalRule{rule("sre", 1), rule("approver", 1), rule("sre", 1)}
		},
		"more people":                       func(s *capstan.PromotionPolicySpec) { s.Approvals[0].Required = 9 },
		"a default that is written out":     func(s *capstan.PromotionPolicySpec) { s.Exclude.Requester = pointer(true) },
		"no way around":                     func(s *capstan.PromotionPolicySpec) { s.Rollback, s.BreakGlass, s.Prune.Exceed = nil, nil, nil },
		"a kind protected in other letters": func(s *capstan.PromotionPolicySpec) { s.Prune.ProtectedKinds = []string{"secret", "NAMESPACE"} },
		"a shorter life":                    func(s *capstan.PromotionPolicySpec) { s.ExpiresAfter = hours(1) },
	} {
		after := guarded()
		change(&after)
		if got := gate.Weaker(guarded(), &after); len(got) > 0 {
			t.Errorf("%s: %q", sentence, got)
		}
	}
	if got := gate.Weaker(capstan.PromotionPolicySpec{}, nil); len(got) > 0 {
		t.Errorf("a policy that chose nothing is deleted: %q", got)
	}
}

func builtInKinds() []string {
	return []string{"Namespace", "CustomResourceDefinition", "PersistentVolume", "PersistentVolumeClaim", "StatefulSet"}
}

func TestAPolicyInPlaceOfTheBuiltInOneMayBeWeaker(t *testing.T) {
	t.Parallel()
	created := func(spec capstan.PromotionPolicySpec) []string {
		return gate.Weaker(capstan.PromotionPolicySpec{}, &spec)
	}
	all, dev := []capstan.GateSelector{{}}, []capstan.GateSelector{{Tiers: []string{"dev"}}}
	friends := []capstan.ApprovalRule{rule("friend", 1)}
	if got := created(capstan.PromotionPolicySpec{Selectors: all, Approvals: friends}); len(got) != 1 ||
		!strings.HasPrefix(got[0], "for production that was gated by the built-in policy alone, 0 rather than 1 of role approver") {
		t.Errorf("other approvers of production: %q", got)
	}
	if got := created(capstan.PromotionPolicySpec{Selectors: dev, Approvals: friends}); len(got) > 0 {
		t.Errorf("a policy of no production: %q", got)
	}
	if got := created(capstan.PromotionPolicySpec{Selectors: all, Approvals: append(friends, rule("approver", 1))}); len(got) > 0 {
		t.Errorf("a stricter policy of production: %q", got)
	}
	wider := capstan.PromotionPolicySpec{Selectors: append(dev, all...), Approvals: friends}
	if got := gate.Weaker(capstan.PromotionPolicySpec{Selectors: dev, Approvals: friends}, &wider); len(got) != 1 {
		t.Errorf("a policy that now chooses production: %q", got)
	}
}
