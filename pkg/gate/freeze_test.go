// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// once is a freeze around noon.
func once(name string, begun, left time.Duration) capstan.PolicyFreeze {
	return capstan.PolicyFreeze{Name: name, From: pointer(ago(begun)), To: pointer(ago(-left))}
}

func freezing(freezes ...capstan.PolicyFreeze) *capstan.PromotionPolicy {
	return policy("freezing", capstan.PromotionPolicySpec{BreakGlass: &capstan.BreakGlassRule{}, Freezes: freezes})
}

func TestWhenAFreezeIsOn(t *testing.T) {
	t.Parallel()
	lunch := func(change func(f *capstan.PolicyFreeze)) capstan.PolicyFreeze {
		freeze := capstan.PolicyFreeze{Name: "lunch", Schedule: "30 11 * * *", Duration: hours(1)}
		change(&freeze)
		return freeze
	}
	plain := func(*capstan.PolicyFreeze) {}
	until := func(name string, left time.Duration) *argo.GateFreeze {
		return &argo.GateFreeze{Name: name, Until: pointer(ago(-left))}
	}
	for sentence, c := range map[string]struct {
		freezes []capstan.PolicyFreeze
		want    *argo.GateFreeze
	}{
		"none is":                             {nil, nil},
		"from its beginning":                  {[]capstan.PolicyFreeze{once("a", 0, time.Hour)}, until("a", time.Hour)},
		"not before":                          {[]capstan.PolicyFreeze{once("a", -time.Second, time.Hour)}, nil},
		"not from its end":                    {[]capstan.PolicyFreeze{once("a", time.Hour, 0)}, nil},
		"again and again":                     {[]capstan.PolicyFreeze{lunch(plain)}, until("lunch", 30*time.Minute)},
		"by the clocks of its zone":           {[]capstan.PolicyFreeze{lunch(func(f *capstan.PolicyFreeze) { f.TimeZone = "Asia/Tokyo" })}, nil},
		"though another is over":              {[]capstan.PolicyFreeze{once("a", time.Hour, 0), lunch(plain)}, until("lunch", 30*time.Minute)},
		"until the last one ends":             {[]capstan.PolicyFreeze{once("a", 1, time.Hour), once("b", 1, 2*time.Hour), lunch(plain)}, until("b", 2*time.Hour)},
		"for ever, where it cannot be read":   {[]capstan.PolicyFreeze{once("a", 1, 1), lunch(func(f *capstan.PolicyFreeze) { f.Schedule = "noon" })}, &argo.GateFreeze{Name: "lunch"}},
		"for ever, where it says no duration": {[]capstan.PolicyFreeze{lunch(func(f *capstan.PolicyFreeze) { f.Duration = nil })}, &argo.GateFreeze{Name: "lunch"}},
	} {
		got := facts(freezing(c.freezes...)).Requirement.Frozen(noon())
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sentence, diff)
		}
	}
}

func TestWhatAFreezeHolds(t *testing.T) {
	t.Parallel()
	judge(t, map[string]row{
		"an approved Plan":                    {func(*gate.Facts) {}, gate.Hold, gate.ReasonFrozen},
		"and no other, which awaits approval": {func(f *gate.Facts) { f.Approvals = nil }, gate.Hold, gate.ReasonApprovalRequired},
		"a rollback of one's own": {func(f *gate.Facts) {
			back(f)
			f.Requirement.Rollback, f.Approvals = &gate.FastPath{Within: 99 * time.Hour}, nil
			*f = seal(*f)
		}, gate.Hold, gate.ReasonFrozen},
		"the deletion of an Application": {func(f *gate.Facts) {
			f.Deleting, f.Plan.Spec.Kind = true, capstan.PlanDestroy
			*f = seal(*f)
		}, gate.Hold, gate.ReasonFrozen},
		"no longer than it lasts": {func(f *gate.Facts) { f.Now = f.Now.Add(time.Hour) }, gate.Allow, gate.ReasonGranted},
		"no emergency": {func(f *gate.Facts) {
			grant := approval("ivy", "")
			grant.Spec.Decision, grant.Spec.Ticket, grant.Spec.ExpiresAt = capstan.DecisionBreakGlass, "INC-1", pointer(ago(-time.Hour))
			grant.Spec.Reason, grant.CreationTimestamp = "all is on fire", ago(time.Minute)
			f.Approvals = append(f.Approvals, grant)
			*f = seal(*f)
		}, gate.Allow, gate.ReasonBreakGlass},
		"no No": {func(f *gate.Facts) { f.Approvals = append(f.Approvals, rejection("bob")); *f = seal(*f) }, gate.Deny, gate.ReasonRejected},
	}, freezing(once("holidays", time.Hour, time.Hour)))
	f := facts(freezing(once("holidays", time.Hour, time.Hour)))
	got := gate.Decide(f)
	if got.Freeze == nil || got.Freeze.Name != "holidays" || !strings.Contains(got.Message, "freeze holidays lasts at least until 2026-03-01T13:00:00Z") {
		t.Errorf("it says %q of %+v", got.Message, got.Freeze)
	}
	if _, eligible := gate.Eligible(f, person("bob"), gate.Ask{PlanDigest: f.Plan.Digest}); !eligible.Allowed() {
		t.Errorf("nobody may approve in a freeze: %s", eligible.Message)
	}
}

func TestAFreezeIsTakenAwayOrShortenedByApproval(t *testing.T) {
	t.Parallel()
	nightly := capstan.PolicyFreeze{Name: "nightly", Schedule: "0 22 * * *", Duration: hours(8), TimeZone: "Europe/Berlin"}
	changed := func(change func(f *capstan.PolicyFreeze)) capstan.PolicyFreeze {
		freeze := *nightly.DeepCopy()
		change(&freeze)
		return freeze
	}
	holidays := once("holidays", time.Hour, time.Hour)
	for sentence, c := range map[string]struct {
		before, after []capstan.PolicyFreeze
		weaker        bool
	}{
		"one more":                    {nil, []capstan.PolicyFreeze{holidays, nightly}, false},
		"the same in another order":   {[]capstan.PolicyFreeze{nightly, holidays}, []capstan.PolicyFreeze{holidays, nightly}, false},
		"another name and reason":     {[]capstan.PolicyFreeze{nightly}, []capstan.PolicyFreeze{changed(func(f *capstan.PolicyFreeze) { f.Name, f.Reason = "night", "sleep" })}, false},
		"longer":                      {[]capstan.PolicyFreeze{nightly, holidays}, []capstan.PolicyFreeze{changed(func(f *capstan.PolicyFreeze) { f.Duration = hours(9) }), once("holidays", 2*time.Hour, 2*time.Hour)}, false},
		"none":                        {[]capstan.PolicyFreeze{holidays}, nil, true},
		"one of two":                  {[]capstan.PolicyFreeze{holidays, nightly}, []capstan.PolicyFreeze{nightly}, true},
		"a later beginning":           {[]capstan.PolicyFreeze{holidays}, []capstan.PolicyFreeze{once("holidays", time.Minute, time.Hour)}, true},
		"an earlier end":              {[]capstan.PolicyFreeze{holidays}, []capstan.PolicyFreeze{once("holidays", time.Hour, time.Minute)}, true},
		"a shorter duration":          {[]capstan.PolicyFreeze{nightly}, []capstan.PolicyFreeze{changed(func(f *capstan.PolicyFreeze) { f.Duration = hours(7) })}, true},
		"another schedule":            {[]capstan.PolicyFreeze{nightly}, []capstan.PolicyFreeze{changed(func(f *capstan.PolicyFreeze) { f.Schedule = "0 21 * * *" })}, true},
		"another zone":                {[]capstan.PolicyFreeze{nightly}, []capstan.PolicyFreeze{changed(func(f *capstan.PolicyFreeze) { f.TimeZone = "" })}, true},
		"once in place of each night": {[]capstan.PolicyFreeze{nightly}, []capstan.PolicyFreeze{{Name: "nightly", From: pointer(metav1.Unix(0, 0)), To: pointer(metav1.Unix(1<<40, 0))}}, true},
	} {
		after := freezing(c.after...).Spec
		if got := gate.Weaker(freezing(c.before...).Spec, &after); (len(got) > 0) != c.weaker {
			t.Errorf("%s: %q", sentence, got)
		}
	}
}
