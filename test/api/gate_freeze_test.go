// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

func freezeAttacks() map[string]attack {
	return map[string]attack{
		"a freeze holds what is approved, and nothing but an emergency passes": freezesHold,
		"a freeze is taken away or shortened by people who approve that":       freezesStay,
		"a freeze that nobody could tell the time of is refused":               freezesAreRead,
	}
}

// holidays is a freeze that is on.
func holidays() capstanv1alpha1.PolicyFreeze {
	from, to := metav1.NewTime(time.Now().Add(-time.Hour)), metav1.NewTime(time.Now().Add(time.Hour))
	return capstanv1alpha1.PolicyFreeze{Name: "holidays", Reason: "nobody is here", From: &from, To: &to}
}

// freeze adds a freeze to the policy, as who writes the policies.
func (g *gated) freeze(t *testing.T, freezes ...capstanv1alpha1.PolicyFreeze) *capstanv1alpha1.PromotionPolicy {
	t.Helper()
	policies := g.as(t, mallory).CapstanV1alpha1().PromotionPolicies()
	policy, err := policies.Get(t.Context(), g.policy.Name, metav1.GetOptions{})
	must(t, err)
	policy.Spec.Freezes = freezes
	policy, err = policies.Update(t.Context(), policy, metav1.UpdateOptions{})
	must(t, err)
	return policy
}

func freezesHold(t *testing.T, w *world) {
	g := w.gate(t, func(spec *capstanv1alpha1.PromotionPolicySpec) { spec.BreakGlass = &capstanv1alpha1.BreakGlassRule{} })
	g.approved(t, alice)
	if policy := g.freeze(t, holidays()); policy.Status.Waiting != nil {
		t.Fatalf("to freeze waits for %+v", policy.Status.Waiting)
	}
	g.stopped(t, "a sync", http.StatusForbidden, gate.ReasonFrozen, func() error {
		err := g.sync(t)
		if err != nil && !strings.Contains(err.Error(), "freeze holidays (nobody is here) lasts at least until ") {
			t.Errorf("the refusal does not name the freeze: %v", err)
		}
		return err
	})
	for what, attempt := range g.ways(t, lead, "operation", `{"sync":{}}`) {
		g.stopped(t, what, http.StatusForbidden, gate.ReasonFrozen, attempt)
	}
	_, err := g.apps(t, bob).BreakGlass(t.Context(), "web", &v1alpha1.ApplicationApproval{
		PlanDigest: g.plan.Digest, Reason: "all is on fire", Ticket: "INC-1",
	}, metav1.CreateOptions{})
	must(t, err)
	must(t, g.sync(t))
}

func freezesStay(t *testing.T, w *world) {
	g := w.gate(t, func(spec *capstanv1alpha1.PromotionPolicySpec) {
		spec.Freezes = []capstanv1alpha1.PolicyFreeze{holidays()}
	})
	g.approved(t, alice)
	shorter := holidays()
	soon := metav1.NewTime(time.Now().Add(time.Millisecond))
	shorter.To = &soon
	for what, freezes := range map[string][]capstanv1alpha1.PolicyFreeze{"a shorter one": {shorter}, "none": nil} {
		policy := g.freeze(t, freezes...)
		if policy.Status.Waiting == nil || len(policy.Status.Effective.Freezes) != 1 {
			t.Fatalf("%s is in force: %+v", what, policy.Status)
		}
		g.stopped(t, what, http.StatusForbidden, gate.ReasonFrozen, func() error { return g.sync(t) })
	}
	policies := g.as(t, alice).CapstanV1alpha1().PromotionPolicies()
	waiting := g.traces(t).Policy.Status.Waiting
	_, err := policies.Approve(t.Context(), g.policy.Name, &capstanv1alpha1.PolicyApproval{Digest: waiting.Digest}, metav1.CreateOptions{})
	must(t, err)
	must(t, g.sync(t))
}

func freezesAreRead(t *testing.T, w *world) {
	g := w.gate(t, nil)
	hour := metav1.Duration{Duration: time.Hour}
	early, late := metav1.Unix(1000, 0), metav1.Unix(2000, 0)
	for what, freeze := range map[string]capstanv1alpha1.PolicyFreeze{
		"one without a name":       {From: &early, To: &late},
		"one without a time":       {Name: "a"},
		"one that ends before":     {Name: "a", From: &late, To: &early},
		"one without an end":       {Name: "a", From: &early},
		"one without a beginning":  {Name: "a", To: &late},
		"one that is both":         {Name: "a", From: &early, To: &late, Schedule: "0 22 * * *", Duration: &hour},
		"one without a duration":   {Name: "a", Schedule: "0 22 * * *"},
		"one without a schedule":   {Name: "a", Duration: &hour},
		"one with half a schedule": {Name: "a", Schedule: "22 *", Duration: &hour},
		"one of no zone":           {Name: "a", Schedule: "0 22 * * *", Duration: &hour, TimeZone: "Mars/Olympus"},
	} {
		policies := g.as(t, mallory).CapstanV1alpha1().PromotionPolicies()
		policy := g.traces(t).Policy
		policy.Spec.Freezes = []capstanv1alpha1.PolicyFreeze{freeze}
		_, err := policies.Update(t.Context(), policy, metav1.UpdateOptions{})
		if err == nil {
			t.Errorf("%s is taken", what)
			continue
		}
		refused(t, err, http.StatusUnprocessableEntity)
	}
}
