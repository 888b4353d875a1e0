// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

func reviewAttacks() map[string]attack {
	return map[string]attack{
		"who broke the gate has another person review it before anything else passes": emergenciesAreReviewed,
		"the record of an emergency cannot be deleted before it is reviewed":          emergenciesAreKept,
	}
}

// burnt is a gate that alice broke for a Plan that is over, with a review that is due within a time.
func burnt(t *testing.T, w *world, within time.Duration) (*gated, string) {
	t.Helper()
	g := w.gate(t, func(spec *capstanv1alpha1.PromotionPolicySpec) {
		spec.BreakGlass = &capstanv1alpha1.BreakGlassRule{ReviewWithin: &metav1.Duration{Duration: within}}
	})
	answer, err := g.apps(t, alice).BreakGlass(t.Context(), "web", &v1alpha1.ApplicationApproval{
		PlanDigest: g.plan.Digest, Reason: "all is on fire", Ticket: "INC-1",
	}, metav1.CreateOptions{})
	must(t, err)
	approvals := clientOf(t, g.Config).CapstanV1alpha1().Approvals(g.namespace)
	grant, err := approvals.Get(t.Context(), answer.Status.Approval, metav1.GetOptions{})
	must(t, err)
	now := metav1.Now()
	grant.Status.UsedAt = &now
	_, err = approvals.UpdateStatus(t.Context(), grant, metav1.UpdateOptions{})
	must(t, err)
	g.plan = g.propose(t, func(spec *capstanv1alpha1.PlanSpec) { spec.Number = 2 })
	return g, grant.Name
}

func (g *gated) review(t *testing.T, user string, request v1alpha1.ApplicationApproval, options metav1.CreateOptions) error {
	t.Helper()
	_, err := g.apps(t, user).Approve(t.Context(), "web", &request, options)
	return err
}

func emergenciesAreReviewed(t *testing.T, w *world) {
	g, grant := burnt(t, w, time.Nanosecond)
	full := v1alpha1.ApplicationApproval{Review: grant, Reason: "it was on fire"}
	for what, c := range map[string]struct {
		user    string
		request v1alpha1.ApplicationApproval
		code    int
		reason  gate.Reason
	}{
		"an approval":                 {bob, v1alpha1.ApplicationApproval{PlanDigest: g.plan.Digest}, http.StatusForbidden, gate.ReasonReviewOverdue},
		"a review by who broke it":    {alice, full, http.StatusForbidden, gate.ReasonExcluded},
		"a review in other letters":   {"ALICE", full, http.StatusForbidden, gate.ReasonExcluded},
		"a review by a robot":         {robot, full, http.StatusForbidden, gate.ReasonExcluded},
		"a review without a role":     {lead, full, http.StatusForbidden, gate.ReasonNoRole},
		"a review without a word":     {bob, v1alpha1.ApplicationApproval{Review: grant}, http.StatusForbidden, gate.ReasonReasonRequired},
		"a review of something else":  {bob, v1alpha1.ApplicationApproval{Review: "other", Reason: "x"}, http.StatusForbidden, gate.ReasonNotPending},
		"a review that approves, too": {bob, v1alpha1.ApplicationApproval{Review: grant, PlanDigest: g.plan.Digest}, http.StatusUnprocessableEntity, "FieldValueForbidden"},
	} {
		g.stopped(t, what, c.code, c.reason, func() error { return g.review(t, c.user, c.request, metav1.CreateOptions{}) })
	}
	g.stopped(t, "a review by rejection", http.StatusUnprocessableEntity, "FieldValueForbidden", func() error {
		_, err := g.apps(t, bob).Reject(t.Context(), "web", &full, metav1.CreateOptions{})
		return err
	})
	must(t, g.review(t, bob, full, dry()))
	g.stopped(t, "a sync after a dry run", http.StatusForbidden, gate.ReasonReviewOverdue, func() error { return g.sync(t) })
	must(t, g.review(t, bob, full, metav1.CreateOptions{}))
	g.stopped(t, "a second review", http.StatusForbidden, gate.ReasonNotPending, func() error {
		return g.review(t, bob, full, metav1.CreateOptions{})
	})
	g.approved(t, bob)
	must(t, g.sync(t))
}

func emergenciesAreKept(t *testing.T, w *world) {
	g, grant := burnt(t, w, time.Hour)
	approvals := g.as(t, admin).CapstanV1alpha1().Approvals(g.namespace)
	g.stopped(t, "a deletion", http.StatusForbidden, gate.ReasonReviewRequired, func() error {
		return approvals.Delete(t.Context(), grant, metav1.DeleteOptions{})
	})
	g.stopped(t, "a deletion of all", http.StatusForbidden, gate.ReasonReviewRequired, func() error {
		return approvals.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{})
	})
	must(t, g.review(t, bob, v1alpha1.ApplicationApproval{Review: grant, Reason: "it was on fire"}, metav1.CreateOptions{}))
	must(t, approvals.Delete(t.Context(), grant, metav1.DeleteOptions{}))

	g, grant = burnt(t, w, time.Hour)
	must(t, g.apps(t, admin).Delete(t.Context(), "web", metav1.DeleteOptions{}))
	must(t, g.as(t, admin).CapstanV1alpha1().Approvals(g.namespace).Delete(t.Context(), grant, metav1.DeleteOptions{}))
}
