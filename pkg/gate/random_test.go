// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// dice makes facts and policies out of few names, so that they often meet.
type dice struct{ *rand.Rand }

func (d dice) oneIn(n int) bool { return d.Intn(n) == 0 }

func pick[T any](d dice, values ...T) T { return values[d.Intn(len(values))] }

func some[T any](d dice, values ...T) []T {
	return slices.DeleteFunc(slices.Clone(values), func(T) bool { return d.oneIn(2) })
}

func (d dice) rule() capstan.ApprovalRule {
	return rule(pick(d, "approver", "sre", "owner"), int32(max(1, d.Intn(4)-1)))
}

func (d dice) rules(most int) []capstan.ApprovalRule {
	rules := make([]capstan.ApprovalRule, d.Intn(most+1))
	for i := range rules {
		rules[i] = d.rule()
	}
	return rules
}

func (d dice) flag() *bool { return pick(d, nil, pointer(true), pointer(false)) }

func (d dice) number(most int) *int32 { return pick(d, nil, pointer(int32(d.Intn(most)))) }

func (d dice) selector() capstan.GateSelector {
	if d.oneIn(2) {
		return capstan.GateSelector{}
	}
	return capstan.GateSelector{
		Tiers:    some(d, gate.TierProduction, "dev"),
		Projects: pick(d, nil, []string{"payments"}, []string{"other"}),
		Labels:   pick(d, nil, &metav1.LabelSelector{MatchLabels: map[string]string{"team": pick(d, "shop", "till")}}),
	}
}

func (d dice) spec() capstan.PromotionPolicySpec {
	spec := capstan.PromotionPolicySpec{
		Approvals: d.rules(2), RequireReason: d.oneIn(3), ExpiresAfter: pick(d, nil, hours(1+d.Intn(3)), hours(30)),
		Exclude: capstan.ApprovalExclusions{
			Requester: d.flag(), CommitAuthors: d.flag(), PolicyEditor: d.flag(), ServiceAccounts: d.flag(), Impersonated: d.flag(),
		},
		Prune: capstan.PruneLimits{
			MaxCount: d.number(8), MaxPercent: d.number(100), ProtectedKinds: some(d, "Namespace", "Job", "Job.batch"),
			Exceed: pick(d, nil, pointer(d.rule())),
		},
		Rollback: pick(d, nil, &capstan.RollbackRule{HealthyWithin: *hours(d.Intn(4)), Approvals: d.rules(1)}),
		BreakGlass: pick(d, nil, &capstan.BreakGlassRule{
			MaxDuration: pick(d, nil, hours(d.Intn(4))), TicketPattern: pick(d, "", "INC-.*"), MinReason: d.number(9),
			ReviewWithin: pick(d, nil, hours(d.Intn(4))),
		}),
	}
	for n := range max(0, d.Intn(5)-3) {
		spec.Freezes = append(spec.Freezes, d.freeze(fmt.Sprint("f", n)))
	}
	for range d.Intn(3) {
		spec.Selectors = append(spec.Selectors, d.selector())
	}
	return spec
}

// freeze is on at noon, or not.
func (d dice) freeze(name string) capstan.PolicyFreeze {
	return pick(d, once(name, time.Duration(d.Intn(3)-1)*time.Hour, time.Duration(d.Intn(3))*time.Hour),
		capstan.PolicyFreeze{Name: name, Schedule: pick(d, "0 12 * * *", "0 9 * * *"), Duration: hours(1 + d.Intn(4))})
}

// near returns a spec that differs in a few fields.
func (d dice) near(spec capstan.PromotionPolicySpec) capstan.PromotionPolicySpec {
	near, other := *spec.DeepCopy(), d.spec()
	for _, change := range some(d,
		func() { near.Selectors = append(near.Selectors, other.Selectors...) },
		func() { near.Approvals = append(near.Approvals, other.Approvals...) },
	) {
		change()
	}
	pick(d,
		func() { near.Exclude = other.Exclude }, func() { near.ExpiresAfter = other.ExpiresAfter },
		func() { near.Prune.Exceed = other.Prune.Exceed }, func() { near.Prune.ProtectedKinds = other.Prune.ProtectedKinds },
		func() { near.Prune.MaxCount = other.Prune.MaxCount }, func() { near.Prune.MaxPercent = other.Prune.MaxPercent },
		func() { near.Rollback = other.Rollback }, func() { near.BreakGlass = other.BreakGlass },
		func() { near.RequireReason = other.RequireReason }, func() { near.Approvals = other.Approvals },
		func() { near.Selectors = other.Selectors }, func() { near.Freezes = other.Freezes },
	)()
	return near
}

func (d dice) policy(name string, spec capstan.PromotionPolicySpec) *capstan.PromotionPolicy {
	made := &capstan.PromotionPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}
	made.Status.Editor = pick(d, "", "p0", "p1")
	return made
}

func (d dice) subject() gate.Subject {
	return gate.Subject{Application: shop(), Tier: pick(d, gate.TierProduction, "dev"), Namespace: "shop"}
}

func (d dice) someone() capstan.Approver {
	n := d.Intn(6)
	who := capstan.Approver{Username: fmt.Sprint("p", n), UID: pick(d, "", fmt.Sprint("u", n/2))}
	if d.oneIn(8) {
		who.Username = "system:serviceaccount:team:ci"
	}
	if !d.oneIn(4) {
		who.Extra = map[string][]string{"authentication.kubernetes.io/credential-id": {"x"}}
	}
	return who
}

func (d dice) said(n int) *capstan.Approval {
	said := approval(fmt.Sprint(n), "")
	said.CreationTimestamp = ago(time.Duration(d.Intn(6)-1) * 30 * time.Minute)
	said.Spec.Approver, said.Spec.Roles = d.someone(), some(d, "approver", "sre", "owner", "sre", "owner", "approver")
	said.Spec.Decision = capstan.DecisionApprove
	if d.oneIn(6) {
		said.Spec.Decision = pick(d, capstan.DecisionBreakGlass, capstan.DecisionReject)
	}
	said.Spec.Ticket, said.Spec.Reason = pick(d, "", "INC-1"), pick(d, "", "because", "because it burns")
	if !d.oneIn(4) {
		said.Spec.ExpiresAt = pointer(ago(-time.Duration(d.Intn(3)) * time.Hour))
	}
	if d.oneIn(9) {
		said.Status.UsedAt = pointer(ago(0))
	}
	return said
}

// facts are those of a Plan that is current, but for one in eight.
func (d dice) facts(requirement gate.Requirement) gate.Facts {
	f := facts()
	f.Requirement, f.Approvals = requirement, nil
	spec := &f.Plan.Spec
	spec.AuthorsUnknown, spec.Deployed = d.oneIn(4), int32(d.Intn(40))
	spec.Authors = pick(d, nil, nil, []capstan.PlanAuthor{{Name: pick(d, "P0", "p1")}})
	spec.Requester = capstan.SyncRunRequester{Username: pick(d, "", "p0", "p2"), UID: pick(d, "", "u1"), Automated: d.oneIn(4)}
	spec.Editors = pick(d, nil, nil, []argo.SpecEditor{{Username: pick(d, "p0", "p1")}})
	f.Plan.Status.PinnedBy = pick(d, nil, nil, &capstan.SyncRunRequester{Username: pick(d, "p1", "p2")})
	for i := range d.Intn(4) {
		spec.Changes = append(spec.Changes, capstan.PlanChange{
			Action: pick(d, capstan.ActionUpdate, capstan.ActionPrune, capstan.ActionRecreate),
			Group:  pick(d, "", "batch"), Kind: pick(d, "ConfigMap", "ConfigMap", "Job"), Name: fmt.Sprint(i),
		})
	}
	switch d.Intn(4) {
	case 0:
		back(&f)
		f.Target.Status.FinishedAt = pointer(ago(time.Duration(d.Intn(4)) * time.Hour))
	case 1:
		f.Deleting, spec.Kind = true, capstan.PlanDestroy
	}
	for n := range d.Intn(9) {
		f.Approvals = append(f.Approvals, d.said(n))
	}
	for n := range d.Intn(2) {
		grant := d.said(n)
		grant.Spec.Decision, grant.Status.UsedAt = capstan.DecisionBreakGlass, pick(d, nil, pointer(ago(time.Duration(d.Intn(4))*time.Hour)))
		f.Grants = append(f.Grants, grant)
	}
	f.Holds = d.holds()
	if f = seal(f); d.oneIn(8) {
		pick(d,
			func() { f.Deployed = "m0" }, func() { f.ClusterUID = "" }, func() { f.Plan.Spec.Run = "x" },
			func() { f.Plan.Status.StartedAt = pointer(ago(0)) }, func() { f.Application.UID = "app-0" },
			func() { f.Deleting = !f.Deleting }, func() { f.Plan = nil }, func() { f.Unreadable = errAway },
		)()
	}
	return f
}

// holds gives everybody some roles, and does not know of some.
func (d dice) holds() func(capstan.Approver, string) (bool, error) {
	held, unknown := map[string]string{}, map[string]bool{}
	for n := range 6 {
		held[fmt.Sprint("p", n)] = strings.Join(some(d, "approver", "sre", "owner", "sre", "owner", "approver"), " ")
		unknown[fmt.Sprint("p", n, pick(d, "approver", "sre"))] = d.oneIn(6)
	}
	held["system:serviceaccount:team:ci"] = "approver sre owner"
	return func(who capstan.Approver, role string) (bool, error) {
		if unknown[who.Username+role] {
			return false, errAway
		}
		return slices.Contains(strings.Fields(held[who.Username]), role), nil
	}
}
