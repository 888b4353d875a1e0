// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// often throws the dice until a property was looked at often enough to mean something.
func often(t *testing.T, least int, property func(d dice) (looked bool, broken string)) {
	t.Helper()
	looked := 0
	for seed := range int64(60000) {
		did, broken := property(dice{rand.New(rand.NewSource(seed))})
		if broken != "" {
			t.Fatalf("seed %d: %s", seed, broken)
		}
		if did {
			looked++
		}
		if looked == least {
			t.Logf("looked at %d of %d throws", looked, seed+1)
			return
		}
	}
	t.Errorf("the property was looked at %d times, want %d", looked, least)
}

func TestOneMorePolicyNeverLetsMoreThrough(t *testing.T) {
	t.Parallel()
	often(t, 60, func(d dice) (bool, string) {
		subject, a, b := d.subject(), d.policy("a", d.spec()), d.policy("b", d.spec())
		one := gate.Require(subject, []*capstan.PromotionPolicy{a})
		both := gate.Require(subject, []*capstan.PromotionPolicy{a, b})
		// The first policy of production replaces the built-in one, which Weaker tells of.
		if one.Gated && len(one.Policies) == 0 {
			return false, ""
		}
		f := d.facts(both)
		strict := gate.Decide(f)
		f.Requirement = one
		if lenient := gate.Decide(f); strict.Allowed() && !lenient.Allowed() {
			return true, fmt.Sprintf("one policy: %+v\ntwo: %+v\n%s", lenient, strict, cmp.Diff(one, both))
		}
		return strict.Allowed() && !cmp.Equal(one, both, cmpopts.EquateEmpty()), ""
	})
}

func TestWhatIsNoWeakerLetsNoMoreThrough(t *testing.T) {
	t.Parallel()
	often(t, 50, func(d dice) (bool, string) {
		before, other := d.spec(), d.policy("other", d.spec())
		after := d.near(before)
		if weaker := gate.Weaker(before, &after); len(weaker) > 0 {
			return false, ""
		}
		subject, was, is := d.subject(), d.policy("it", before), d.policy("it", after)
		is.Status.Editor = was.Status.Editor
		beside := some(d, other)
		old := gate.Require(subject, append(beside, was))
		f := d.facts(gate.Require(subject, append(beside, is)))
		now := gate.Decide(f)
		f.Requirement = old
		if then := gate.Decide(f); now.Allowed() && !then.Allowed() {
			return true, fmt.Sprintf("before: %+v\nafter: %+v\n%s", then, now, cmp.Diff(before, after))
		}
		return now.Allowed() && now.Reason != gate.ReasonNotGated, ""
	})
}

func TestTakingAnApprovalAwayNeverLetsMoreThrough(t *testing.T) {
	t.Parallel()
	often(t, 150, func(d dice) (bool, string) {
		f := d.facts(gate.Require(d.subject(), []*capstan.PromotionPolicy{d.policy("a", d.spec())}))
		for _, a := range f.Approvals {
			// Without the record that ties two names together, they are two people.
			a.Spec.Approver.UID = ""
		}
		with := gate.Decide(f)
		f.Approvals = slices.DeleteFunc(f.Approvals, func(a *capstan.Approval) bool {
			return a.Spec.Decision != capstan.DecisionReject && d.oneIn(2)
		})
		if without := gate.Decide(f); without.Allowed() && !with.Allowed() {
			return true, fmt.Sprintf("with all: %+v\nwith %d: %+v", with, len(f.Approvals), without)
		}
		return !with.Allowed(), ""
	})
}

func TestTheJoinIsAsStrictAsBoth(t *testing.T) {
	t.Parallel()
	often(t, 600, func(d dice) (bool, string) {
		of := func() gate.Requirement {
			return gate.Require(d.subject(), []*capstan.PromotionPolicy{d.policy(pick(d, "a", "b"), d.spec())})
		}
		a, b, c := of(), of(), of()
		for law, sides := range map[string][2]gate.Requirement{
			"a ∨ a = a":                 {a.Join(a), a},
			"a ∨ b = b ∨ a":             {a.Join(b), b.Join(a)},
			"(a ∨ b) ∨ c = a ∨ (b ∨ c)": {a.Join(b).Join(c), a.Join(b.Join(c))},
			"a ∨ 0 = a":                 {a.Join(gate.Requirement{}), a},
		} {
			if diff := cmp.Diff(sides[0], sides[1], cmpopts.EquateEmpty()); diff != "" {
				return true, law + " is broken:\n" + diff
			}
		}
		if eased := a.Eased(a.Join(b)); len(eased) > 0 {
			return true, fmt.Sprintf("a join asks for less than its part: %q", eased)
		}
		return true, ""
	})
}

// TestEnoughDifferentPeople holds a Verdict against a search that knows nothing of matchings.
func TestEnoughDifferentPeople(t *testing.T) {
	t.Parallel()
	often(t, 100, func(d dice) (bool, string) {
		f := d.facts(gate.Require(d.subject(), []*capstan.PromotionPolicy{d.policy("a", d.spec())}))
		f.Requirement.Rollback, f.Requirement.Prune.MaxCount, f.Requirement.Prune.MaxPercent = nil, 99, 10000
		f.Requirement.Prune.Protected = nil
		got := gate.Decide(f)
		if got.Reason != gate.ReasonGranted && got.Reason != gate.ReasonApprovalRequired {
			return false, ""
		}
		if want := enough(f); got.Allowed() != want {
			return true, fmt.Sprintf("%+v, and there are enough: %t", got, want)
		}
		return got.Allowed(), ""
	})
}

// enough tries every way to give the people who count the seats of the rules.
func enough(f gate.Facts) bool {
	var seats []string
	for _, rule := range f.Requirement.Rules {
		for range rule.Required {
			seats = append(seats, rule.Role)
		}
		if f.Plan.Spec.AuthorsUnknown && f.Requirement.Exclude.CommitAuthors {
			seats = append(seats, rule.Role)
		}
	}
	groups := together(f.Approvals)
	var sit func(seats []string, taken []bool) bool
	sit = func(seats []string, taken []bool) bool {
		if len(seats) == 0 {
			return true
		}
		for i, group := range groups {
			if !taken[i] && slices.ContainsFunc(group, func(a *capstan.Approval) bool { return sits(f, group, a, seats[0]) }) {
				taken[i] = true
				if sit(seats[1:], taken) {
					return true
				}
				taken[i] = false
			}
		}
		return false
	}
	return sit(seats, make([]bool, len(groups)))
}

// together puts the approvals of one person into one group.
func together(approvals []*capstan.Approval) [][]*capstan.Approval {
	var groups [][]*capstan.Approval
	for _, a := range approvals {
		group := []*capstan.Approval{a}
		if a.Spec.Decision != capstan.DecisionApprove {
			continue
		}
		for i := 0; i < len(groups); i++ {
			if slices.ContainsFunc(groups[i], func(b *capstan.Approval) bool {
				x, y := a.Spec.Approver, b.Spec.Approver
				return x.Username == y.Username || x.UID == y.UID && x.UID != ""
			}) {
				group = append(group, groups[i]...)
				groups = slices.Delete(groups, i, i+1)
				i--
			}
		}
		groups = append(groups, group)
	}
	return groups
}

// sits reports whether an approval of a group counts for a role.
func sits(f gate.Facts, group []*capstan.Approval, a *capstan.Approval, role string) bool {
	exclude, spec := f.Requirement.Exclude, f.Plan.Spec
	for _, other := range group {
		who := other.Spec.Approver
		asked := who.Username == spec.Requester.Username || who.UID != "" && who.UID == spec.Requester.UID ||
			len(spec.Editors) > 0 && who.Username == spec.Editors[0].Username ||
			f.Plan.Status.PinnedBy != nil && who.Username == f.Plan.Status.PinnedBy.Username
		wrote := len(spec.Authors) > 0 && (who.Username == spec.Authors[0].Name || who.Username == "p0" && spec.Authors[0].Name == "P0")
		if exclude.Requester && asked || exclude.CommitAuthors && wrote ||
			exclude.PolicyEditor && slices.Contains(f.Requirement.Editors, who.Username) {
			return false
		}
	}
	who := a.Spec.Approver
	if exclude.ServiceAccounts && who.Username == "system:serviceaccount:team:ci" || exclude.Impersonated && who.Extra == nil ||
		f.Requirement.RequireReason && a.Spec.Reason == "" || a.Status.UsedAt != nil {
		return false
	}
	age := f.Now.Sub(a.CreationTimestamp.Time)
	holds, err := f.Holds(who, role)
	return age >= 0 && age < f.Requirement.ExpiresAfter && err == nil && holds && slices.Contains(a.Spec.Roles, role)
}
