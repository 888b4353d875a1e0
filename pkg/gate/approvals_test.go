// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

func TestAnApprovalCounts(t *testing.T) {
	t.Parallel()
	with := func(change func(a *capstan.Approval)) func(f *gate.Facts) {
		return func(f *gate.Facts) { change(f.Approvals[0]) }
	}
	plan := func(change func(s *capstan.PlanSpec)) func(f *gate.Facts) {
		return func(f *gate.Facts) { change(&f.Plan.Spec); *f = seal(*f) }
	}
	as := func(who string) func(f *gate.Facts) {
		return func(f *gate.Facts) {
			f.Approvals = []*capstan.Approval{approval(who, "approver")}
			f.Holds = func(capstan.Approver, string) (bool, error) { return true, nil }
			*f = seal(*f)
		}
	}
	const held, granted = gate.ReasonApprovalRequired, gate.ReasonGranted
	judge(t, map[string]row{
		"not of another digest":                   {with(func(a *capstan.Approval) { a.Spec.PlanDigest = "sha256:0" }), gate.Hold, held},
		"not of another Plan of the same content": {with(func(a *capstan.Approval) { a.Spec.Plan = "shop-1" }), gate.Hold, held},
		"not of an Application made anew":         {with(func(a *capstan.Approval) { a.Spec.Application.UID = "app-0" }), gate.Hold, held},
		"not of another namespace":                {with(func(a *capstan.Approval) { a.Namespace = "mallory" }), gate.Hold, held},
		"not once it was used":                    {with(func(a *capstan.Approval) { a.Status.UsedAt = pointer(ago(time.Minute)) }), gate.Hold, held},
		"not while it is being revoked":           {with(func(a *capstan.Approval) { a.DeletionTimestamp = pointer(ago(0)) }), gate.Hold, held},
		"until just before it expires":            {with(func(a *capstan.Approval) { a.CreationTimestamp = ago(24*time.Hour - 1) }), gate.Allow, granted},
		"not from when it expires":                {with(func(a *capstan.Approval) { a.CreationTimestamp = ago(24 * time.Hour) }), gate.Hold, held},
		"from when it was made":                   {with(func(a *capstan.Approval) { a.CreationTimestamp = ago(0) }), gate.Allow, granted},
		"not where it is of the future":           {with(func(a *capstan.Approval) { a.CreationTimestamp = ago(-1) }), gate.Hold, held},
		"not without a time":                      {with(func(a *capstan.Approval) { a.CreationTimestamp.Reset() }), gate.Hold, held},
		"not as a decision nothing is known of":   {with(func(a *capstan.Approval) { a.Spec.Decision = "Bless" }), gate.Hold, held},
		"not of a role that was not recorded":     {with(func(a *capstan.Approval) { a.Spec.Roles = []string{"viewer"} }), gate.Hold, held},
		"not of a role that was lost since":       {func(f *gate.Facts) { f.Holds = roles(nil) }, gate.Hold, held},
		"not of a role that cannot be read":       {func(f *gate.Facts) { f.Holds = func(capstan.Approver, string) (bool, error) { return true, errAway } }, gate.Hold, gate.ReasonBlind},
		"not where nobody says who holds roles":   {func(f *gate.Facts) { f.Holds = nil }, gate.Hold, gate.ReasonBlind},
		"not of who asked for the Plan":           {as("rita"), gate.Hold, held},
		"not of who asked under another name":     {plan(func(s *capstan.PlanSpec) { s.Requester = capstan.SyncRunRequester{Username: "ann-admin", UID: "u-ann"} }), gate.Hold, held},
		"not of who asked in other letters":       {plan(func(s *capstan.PlanSpec) { s.Requester = capstan.SyncRunRequester{Username: "Ann"} }), gate.Hold, held},
		"not of who wrote the Application's spec": {plan(func(s *capstan.PlanSpec) { s.Editors = []argo.SpecEditor{{Username: "x"}, {Username: "ANN"}} }), gate.Hold, held},
		"not of who wrote it under another name":  {plan(func(s *capstan.PlanSpec) { s.Editors = []argo.SpecEditor{{Username: "x", UID: "u-ann"}} }), gate.Hold, held},
		"of nobody where not all are remembered":  {plan(func(s *capstan.PlanSpec) { s.Editors = []argo.SpecEditor{{}, {Username: "x"}} }), gate.Hold, held},
		"not of who had the Plan pinned":          {func(f *gate.Facts) { f.Plan.Status.PinnedBy = &capstan.SyncRunRequester{Username: "Ann"} }, gate.Hold, held},
		"not of an author by address":             {plan(func(s *capstan.PlanSpec) { s.Authors = []capstan.PlanAuthor{{Name: "x"}, {Email: "ANN"}} }), gate.Hold, held},
		"not of an author by name":                {plan(func(s *capstan.PlanSpec) { s.Authors = []capstan.PlanAuthor{{Name: "Ann", Email: "a@x"}} }), gate.Hold, held},
		"not of an author by the token's address": {func(f *gate.Facts) {
			f.Plan.Spec.Authors = []capstan.PlanAuthor{{Email: "ann@shop.example"}}
			f.Approvals[0].Spec.Approver.Extra["email"] = []string{"Ann@shop.example"}
			*f = seal(*f)
		}, gate.Hold, held},
		"of somebody beside authors without a name":   {plan(func(s *capstan.PlanSpec) { s.Authors = []capstan.PlanAuthor{{}} }), gate.Allow, granted},
		"not of who edited the policy":                {func(f *gate.Facts) { f.Requirement.Editors = []string{"ann"} }, gate.Hold, held},
		"not of a service account":                    {as("system:serviceaccount:team:ci"), gate.Hold, held},
		"not of a node":                               {as("system:node:n1"), gate.Hold, held},
		"not of the API server":                       {as("system:apiserver"), gate.Hold, held},
		"not of the group of service accounts":        {with(func(a *capstan.Approval) { a.Spec.Approver.Groups = []string{"system:serviceaccounts"} }), gate.Hold, held},
		"not of nobody":                               {as(""), gate.Hold, held},
		"not of a name of blanks":                     {as("  "), gate.Hold, held},
		"of somebody with rights over everything":     {as("root"), gate.Allow, granted},
		"without an id of a credential, unless asked": {with(func(a *capstan.Approval) { a.Spec.Approver.Extra = nil }), gate.Allow, granted},
		"with nothing at the place of others":         {func(f *gate.Facts) { f.Approvals = append(f.Approvals, nil) }, gate.Allow, granted},
	})
}

func TestAPolicySaysWhoseApprovalCounts(t *testing.T) {
	t.Parallel()
	judge(t, map[string]row{
		"a reason is asked for": {func(f *gate.Facts) { f.Approvals[0].Spec.Reason = " \n" }, gate.Hold, gate.ReasonApprovalRequired},
		"so is an id of a credential": {func(f *gate.Facts) {
			delete(f.Approvals[0].Spec.Approver.Extra, "authentication.kubernetes.io/credential-id")
		},
			gate.Hold, gate.ReasonApprovalRequired},
		"both are given":                    {func(*gate.Facts) {}, gate.Allow, gate.ReasonGranted},
		"an hour is the end of an approval": {func(f *gate.Facts) { f.Now = f.Now.Add(time.Hour) }, gate.Hold, gate.ReasonApprovalRequired},
	}, policy("strict", capstan.PromotionPolicySpec{
		RequireReason: true, ExpiresAfter: hours(2), Exclude: capstan.ApprovalExclusions{Impersonated: pointer(true)},
	}))
	mine := func(f *gate.Facts) {
		f.Approvals = []*capstan.Approval{approval("rita", "approver")}
		f.Plan.Spec.Authors = []capstan.PlanAuthor{{Name: "rita"}}
		f.Requirement.Editors = []string{"rita"}
		*f = seal(*f)
	}
	judge(t, map[string]row{"a policy may exclude nobody": {mine, gate.Allow, gate.ReasonGranted}},
		policy("lax", capstan.PromotionPolicySpec{Exclude: capstan.ApprovalExclusions{
			Requester: pointer(false), CommitAuthors: pointer(false), PolicyEditor: pointer(false),
		}}))
}

func TestRejections(t *testing.T) {
	t.Parallel()
	add := func(a *capstan.Approval) func(f *gate.Facts) {
		return func(f *gate.Facts) { f.Approvals = append(f.Approvals, a); *f = seal(*f) }
	}
	old, revoked, other := rejection("bob"), rejection("bob"), rejection("bob")
	old.CreationTimestamp = ago(1000 * time.Hour)
	revoked.DeletionTimestamp = pointer(ago(0))
	other.Spec.Plan = "shop-1"
	judge(t, map[string]row{
		"one No is enough":                             {add(rejection("bob")), gate.Deny, gate.ReasonRejected},
		"a No does not expire":                         {add(old), gate.Deny, gate.ReasonRejected},
		"who asked may stop it":                        {add(rejection("rita")), gate.Deny, gate.ReasonRejected},
		"who approved may stop it":                     {add(rejection("ann")), gate.Deny, gate.ReasonRejected},
		"a No that was taken back is none":             {add(revoked), gate.Allow, gate.ReasonGranted},
		"a No of another Plan is none":                 {add(other), gate.Allow, gate.ReasonGranted},
		"a No of somebody without a role is none":      {add(rejection("mallory")), gate.Allow, gate.ReasonGranted},
		"a No of somebody whose role is unread, holds": {func(f *gate.Facts) { add(rejection("bob"))(f); f.Holds = blindFor("bob", f.Holds) }, gate.Hold, gate.ReasonBlind},
		"a No that is read counts beside one that is not": {func(f *gate.Facts) {
			f.Approvals = append(f.Approvals, rejection("aaron"), rejection("bob"))
			*f = seal(*f)
			f.Holds = blindFor("aaron", f.Holds)
		}, gate.Deny, gate.ReasonRejected},
	})
}

func blindFor(name string, holds func(capstan.Approver, string) (bool, error)) func(capstan.Approver, string) (bool, error) {
	return func(who capstan.Approver, role string) (bool, error) {
		if who.Username == name {
			return false, errAway
		}
		return holds(who, role)
	}
}

func TestQuorumCountsPeople(t *testing.T) {
	t.Parallel()
	twice := func(first, second *capstan.Approval) []*capstan.Approval {
		second.Name += "-again"
		return []*capstan.Approval{first, second}
	}
	renamed := func(a *capstan.Approval, name string) *capstan.Approval { a.Spec.Approver.Username = name; return a }
	for sentence, c := range map[string]struct {
		rules     []capstan.ApprovalRule
		holds     map[string]string
		approvals []*capstan.Approval
		unknown   bool
		missing   []argo.MissingApproval
		used      []string
	}{
		"two people of a role": {
			rules: []capstan.ApprovalRule{rule("sre", 2)}, holds: map[string]string{"ann": "sre", "bob": "sre"},
			approvals: []*capstan.Approval{approval("ann", "sre"), approval("bob", "sre")}, used: []string{"by-ann", "by-bob"},
		},
		"one person twice is one": {
			rules: []capstan.ApprovalRule{rule("sre", 2)}, holds: map[string]string{"ann": "sre"},
			approvals: twice(approval("ann", "sre"), approval("ann", "sre")),
			missing:   []argo.MissingApproval{{Role: "sre", Required: 2, Given: 1}},
		},
		"one person under two names is one": {
			rules: []capstan.ApprovalRule{rule("sre", 2)}, holds: map[string]string{"ann": "sre", "ann-admin": "sre"},
			approvals: twice(approval("ann", "sre"), renamed(approval("ann", "sre"), "ann-admin")),
			missing:   []argo.MissingApproval{{Role: "sre", Required: 2, Given: 1}},
		},
		"one person meets one rule": {
			rules: []capstan.ApprovalRule{rule("owner", 1), rule("sre", 1)}, holds: map[string]string{"ann": "sre owner"},
			approvals: []*capstan.Approval{approval("ann", "sre owner")},
			missing:   []argo.MissingApproval{{Role: "sre", Required: 1, Given: 0}},
		},
		"who holds two roles makes room for who holds one": {
			rules: []capstan.ApprovalRule{rule("owner", 1), rule("sre", 1)}, holds: map[string]string{"ann": "sre owner", "bob": "owner"},
			approvals: []*capstan.Approval{approval("ann", "sre owner"), approval("bob", "owner")}, used: []string{"by-ann", "by-bob"},
		},
		"along a chain of others": {
			rules:     []capstan.ApprovalRule{rule("a", 1), rule("b", 1), rule("c", 1)},
			holds:     map[string]string{"ann": "a b", "bob": "b c", "cleo": "a"},
			approvals: []*capstan.Approval{approval("ann", "a b"), approval("bob", "b c"), approval("cleo", "a")},
			used:      []string{"by-ann", "by-bob", "by-cleo"},
		},
		"who is not needed is not used": {
			rules: []capstan.ApprovalRule{rule("sre", 1)}, holds: map[string]string{"ann": "sre", "bob": "sre"},
			approvals: []*capstan.Approval{approval("ann", "sre"), approval("bob", "sre")}, used: []string{"by-ann"},
		},
		"two rules of a role ask for other people": {
			rules: []capstan.ApprovalRule{rule("sre", 1), rule("sre", 1)}, holds: map[string]string{"ann": "sre"},
			approvals: []*capstan.Approval{approval("ann", "sre")},
			missing:   []argo.MissingApproval{{Role: "sre", Required: 2, Given: 1}},
		},
		"none required means one": {
			rules: []capstan.ApprovalRule{rule("sre", 0)}, missing: []argo.MissingApproval{{Role: "sre", Required: 1}},
		},
		"fewer than none means one": {
			rules: []capstan.ApprovalRule{rule("sre", -3)}, missing: []argo.MissingApproval{{Role: "sre", Required: 1}},
		},
		"more than there are people is asked for without end": {
			rules: []capstan.ApprovalRule{rule("sre", 1<<31-1), rule("sre", 1<<31-1)}, unknown: true,
			missing: []argo.MissingApproval{{Role: "sre", Required: 1<<30 + 1}},
		},
		"authors who cannot be told ask each rule for one more": {
			rules: []capstan.ApprovalRule{rule("owner", 1), rule("sre", 1)}, unknown: true,
			holds:     map[string]string{"ann": "sre", "bob": "owner"},
			approvals: []*capstan.Approval{approval("ann", "sre"), approval("bob", "owner")},
			missing:   []argo.MissingApproval{{Role: "owner", Required: 2, Given: 1}, {Role: "sre", Required: 2, Given: 1}},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			f := facts(policy("rules", capstan.PromotionPolicySpec{Approvals: c.rules}))
			f.Approvals, f.Holds, f.Plan.Spec.AuthorsUnknown = c.approvals, roles(c.holds), c.unknown
			got := gate.Decide(seal(f))
			if diff := cmp.Diff(c.missing, got.Missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.used, got.Approvals); diff != "" {
				t.Errorf("used (-want +got):\n%s", diff)
			}
			if got.Allowed() != (c.missing == nil) {
				t.Errorf("the verdict is %+v", got)
			}
		})
	}
}

func TestWhoHasAPartInTheChangeHasItUnderAllNames(t *testing.T) {
	t.Parallel()
	f := facts()
	f.Plan.Spec.Requester = capstan.SyncRunRequester{Username: "ann"}
	mine, alias := approval("ann", "approver"), approval("ann", "approver")
	alias.Name, alias.Spec.Approver.Username = "by-ann-admin", "ann-admin"
	f.Approvals = []*capstan.Approval{mine, alias}
	f.Holds = roles(map[string]string{"ann": "approver", "ann-admin": "approver"})
	if got := gate.Decide(seal(f)); got.Allowed() {
		t.Errorf("who asked approved it under another name: %+v", got)
	}
}

func TestARoleWithoutANameIsHeldByNobody(t *testing.T) {
	t.Parallel()
	f := facts(policy("nameless", capstan.PromotionPolicySpec{Approvals: []capstan.ApprovalRule{rule("", 1)}}))
	f.Approvals[0].Spec.Roles = []string{""}
	f.Holds = func(capstan.Approver, string) (bool, error) { return true, nil }
	if got := gate.Decide(f); got.Reason != gate.ReasonApprovalRequired {
		t.Errorf("the verdict is %+v", got)
	}
}
