// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

func approvalAttacks() map[string]attack {
	return map[string]attack{
		"an approved Plan begins a sync":                               approvalLetsThrough,
		"an Approval is of one Application, not of its name":           approvalsAreOfUID,
		"a Plan that is not the newest is neither approved nor synced": stalePlans,
		"who approves twice approves once":                             approvalsCountPeople,
		"who has a part in the change does not approve it":             partiesAreExcluded,
		"an impersonated approval does not count where a policy says":  impersonationIsExcluded,
		"a role that is taken away takes its Approvals along":          rolesAreAskedAnew,
		"a dry run gives the same verdict and leaves no trace":         dryRunsLeaveNothing,
		"an Approval that expired lets nothing through":                approvalsExpire,
		"an Approval that expired is given anew":                       approvalsAreRenewed,
		"a revoked Approval counts no more, held or not":               revokedApprovals,
		"one No stops a Plan":                                          rejectionsStop,
		"the glass breaks for no one whom a policy does not let":       glassHolds,
	}
}

func approvalLetsThrough(t *testing.T, w *world) {
	g := w.gate(t, nil)
	answer, err := g.approve(t, alice, metav1.CreateOptions{})
	must(t, err)
	if len(answer.Status.Missing) != 0 {
		t.Errorf("missing is %+v", answer.Status.Missing)
	}
	_, err = g.apps(t, lead).Sync(t.Context(), "web", &v1alpha1.ApplicationSync{Plan: g.plan.Digest}, metav1.CreateOptions{})
	must(t, err)
}

// approvalsAreOfUID is A27.
func approvalsAreOfUID(t *testing.T, w *world) {
	g := w.gate(t, nil)
	g.approved(t, alice)
	must(t, g.apps(t, lead).Delete(t.Context(), "web", metav1.DeleteOptions{}))
	g.create(t)
	g.stopped(t, "a sync", http.StatusForbidden, gate.ReasonNoPlan, func() error { return g.sync(t) })
	g.stopped(t, "an approval", http.StatusForbidden, gate.ReasonNoPlan, func() error {
		_, err := g.approve(t, bob, metav1.CreateOptions{})
		return err
	})
	g.propose(t, func(spec *capstanv1alpha1.PlanSpec) { spec.Number = 2 })
	g.stopped(t, "a sync of the new one", http.StatusForbidden, gate.ReasonApprovalRequired, func() error { return g.sync(t) })
}

// stalePlans is A29 and A01.
func stalePlans(t *testing.T, w *world) {
	g := w.gate(t, nil)
	g.approved(t, alice)
	newer := g.propose(t, func(spec *capstanv1alpha1.PlanSpec) { spec.Number, spec.Manifests = 2, "sha256:01" })
	g.stopped(t, "an approval of the older", http.StatusConflict, gate.ReasonStalePlan, func() error {
		_, err := g.approve(t, bob, metav1.CreateOptions{})
		return err
	})
	g.stopped(t, "a sync", http.StatusForbidden, gate.ReasonApprovalRequired, func() error { return g.sync(t) })
	older := g.plan.Digest
	g.plan = newer
	g.approved(t, alice)
	g.stopped(t, "a sync of the older", http.StatusConflict, gate.ReasonStalePlan, func() error {
		_, err := g.apps(t, lead).Sync(t.Context(), "web", &v1alpha1.ApplicationSync{Plan: older}, metav1.CreateOptions{})
		return err
	})
	_, err := mergePatch(t, g.apps(t, lead), `{"spec":{"source":{"path":"other"}}}`)
	must(t, err)
	g.stopped(t, "a sync of another spec", http.StatusConflict, gate.ReasonStalePlan, func() error { return g.sync(t) })
}

// approvalsCountPeople is A30.
func approvalsCountPeople(t *testing.T, w *world) {
	g := w.gate(t, func(spec *capstanv1alpha1.PromotionPolicySpec) {
		spec.Approvals = []capstanv1alpha1.ApprovalRule{{Role: gate.DefaultRole, Required: 2}}
	})
	g.approved(t, alice)
	before := g.traces(t)
	for _, user := range []string{alice, "ALICE"} {
		answer, err := g.approve(t, user, metav1.CreateOptions{})
		must(t, err)
		if missing := answer.Status.Missing; len(missing) != 1 || missing[0].Given != 1 {
			t.Errorf("after %s, missing is %+v", user, missing)
		}
	}
	if first := g.traces(t).Approvals; len(first) != 2 || first[0].UID != before.Approvals[0].UID && first[1].UID != before.Approvals[0].UID {
		t.Error("to say it again made another Approval")
	}
	g.stopped(t, "a sync", http.StatusForbidden, gate.ReasonApprovalRequired, func() error { return g.sync(t) })
	g.approved(t, bob)
	must(t, g.sync(t))
}

// partiesAreExcluded is A32 and A35.
func partiesAreExcluded(t *testing.T, w *world) {
	g := w.gate(t, nil)
	for _, user := range []string{requester, carol, mallory, robot, "system:apiserver"} {
		g.stopped(t, user, http.StatusForbidden, gate.ReasonExcluded, func() error {
			_, err := g.as(t, user, extraGroups(user)...).ArgoprojV1alpha1().Applications(g.namespace).
				Approve(t.Context(), "web", &v1alpha1.ApplicationApproval{PlanDigest: g.plan.Digest}, metav1.CreateOptions{})
			return err
		})
	}
	g.stopped(t, "who holds no role", http.StatusForbidden, gate.ReasonNoRole, func() error {
		_, err := g.approve(t, lead, metav1.CreateOptions{})
		return err
	})
	g.stopped(t, "no digest", http.StatusUnprocessableEntity, "FieldValueRequired", func() error {
		_, err := g.apps(t, alice).Approve(t.Context(), "web", &v1alpha1.ApplicationApproval{}, metav1.CreateOptions{})
		return err
	})
}

func extraGroups(user string) []string {
	if user == "system:apiserver" {
		return []string{"system:masters"}
	}
	return nil
}

// impersonationIsExcluded is A36.
func impersonationIsExcluded(t *testing.T, w *world) {
	g := w.gate(t, func(spec *capstanv1alpha1.PromotionPolicySpec) { spec.Exclude.Impersonated = ptr.To(true) })
	g.stopped(t, "kubectl --as", http.StatusForbidden, gate.ReasonExcluded, func() error {
		_, err := g.approve(t, alice, metav1.CreateOptions{})
		return err
	})
	config := rest.CopyConfig(g.As(alice))
	config.Impersonate.Extra = map[string][]string{"authentication.kubernetes.io/credential-id": {"JTI=1"}}
	_, err := clientOf(t, config).ArgoprojV1alpha1().Applications(g.namespace).Approve(t.Context(), "web",
		&v1alpha1.ApplicationApproval{PlanDigest: g.plan.Digest}, metav1.CreateOptions{})
	must(t, err)
	must(t, g.sync(t))
}

// rolesAreAskedAnew is A40. It has a server of its own, because it takes rights away.
func rolesAreAskedAnew(t *testing.T, _ *world) {
	g := guarded(t).gate(t, nil)
	g.approved(t, alice)
	var left []apiserver.Rule
	for _, rule := range gateRules() {
		if rule.User != alice || rule.Resource != "approvalroles" {
			left = append(left, rule)
		}
	}
	g.Rules.Allow(left...)
	g.stopped(t, "a sync", http.StatusForbidden, gate.ReasonApprovalRequired, func() error { return g.sync(t) })
	g.stopped(t, "an approval", http.StatusForbidden, gate.ReasonNoRole, func() error {
		_, err := g.approve(t, alice, metav1.CreateOptions{})
		return err
	})
}

// dryRunsLeaveNothing is A41.
func dryRunsLeaveNothing(t *testing.T, w *world) {
	g := w.gate(t, func(spec *capstanv1alpha1.PromotionPolicySpec) {
		spec.BreakGlass = &capstanv1alpha1.BreakGlassRule{}
	})
	before := g.traces(t)
	answer, err := g.approve(t, alice, dry())
	must(t, err)
	_, err = g.apps(t, alice).Reject(t.Context(), "web", &v1alpha1.ApplicationApproval{PlanDigest: g.plan.Digest}, dry())
	must(t, err)
	_, err = g.apps(t, alice).BreakGlass(t.Context(), "web", &v1alpha1.ApplicationApproval{
		PlanDigest: g.plan.Digest, Reason: "all is on fire", Ticket: "INC-1",
	}, dry())
	must(t, err)
	if len(answer.Status.Missing) != 0 {
		t.Errorf("the answer is %+v, as if it did not count", answer.Status)
	}
	if after := g.traces(t); len(after.Approvals) != len(before.Approvals) {
		t.Errorf("it left %+v", after.Approvals)
	}
	g.stopped(t, "a dry run by the requester", http.StatusForbidden, gate.ReasonExcluded, func() error {
		_, answer := g.approve(t, requester, dry())
		return answer
	})
	g.stopped(t, "a dry run of a sync", http.StatusForbidden, gate.ReasonApprovalRequired, func() error {
		_, answer := g.apps(t, lead).Sync(t.Context(), "web", &v1alpha1.ApplicationSync{}, dry())
		return answer
	})
	g.approved(t, alice)
	before = g.traces(t)
	_, err = g.apps(t, lead).Sync(t.Context(), "web", &v1alpha1.ApplicationSync{}, dry())
	must(t, err)
	if g.traces(t).Apps[0].Operation != nil || g.traces(t).Apps[0].ResourceVersion != before.Apps[0].ResourceVersion {
		t.Error("a dry run began a sync")
	}
}

func forAnInstant(spec *capstanv1alpha1.PromotionPolicySpec) {
	spec.ExpiresAfter = &metav1.Duration{Duration: time.Nanosecond}
}

// approvalsExpire is A44: an Approval that holds for less than it takes to say so.
func approvalsExpire(t *testing.T, w *world) {
	g := w.gate(t, forAnInstant)
	g.approved(t, alice)
	g.stopped(t, "a sync", http.StatusForbidden, gate.ReasonApprovalRequired, func() error { return g.sync(t) })
}

// approvalsAreRenewed also keeps one Approval a person.
func approvalsAreRenewed(t *testing.T, w *world) {
	g := w.gate(t, forAnInstant)
	g.approved(t, alice)
	first := g.traces(t).Approvals
	g.approved(t, alice)
	second := g.traces(t).Approvals
	if len(second) != 1 || second[0].UID == first[0].UID {
		t.Errorf("the Approval that expired is still the one that counts: %+v", second)
	}
	before := g.traces(t)
	_, err := g.approve(t, alice, dry())
	must(t, err)
	if after := g.traces(t); after.Approvals[0].UID != before.Approvals[0].UID {
		t.Error("a dry run replaced it")
	}
}

func revokedApprovals(t *testing.T, w *world) {
	g := w.gate(t, nil)
	g.approved(t, alice)
	approvals := g.as(t, admin).CapstanV1alpha1().Approvals(g.namespace)
	name := g.traces(t).Approvals[0].Name
	_, err := approvals.Patch(t.Context(), name, "application/merge-patch+json",
		[]byte(`{"metadata":{"finalizers":["example.com/keep"]}}`), metav1.PatchOptions{})
	must(t, err)
	must(t, approvals.Delete(t.Context(), name, metav1.DeleteOptions{}))
	if left := g.traces(t).Approvals; len(left) != 1 {
		t.Fatal("the finalizer does not keep it, and nothing is shown here")
	}
	g.stopped(t, "a sync", http.StatusForbidden, gate.ReasonApprovalRequired, func() error { return g.sync(t) })
}

func rejectionsStop(t *testing.T, w *world) {
	g := w.gate(t, nil)
	g.approved(t, alice)
	_, err := g.apps(t, carol).Reject(t.Context(), "web", &v1alpha1.ApplicationApproval{PlanDigest: g.plan.Digest}, metav1.CreateOptions{})
	must(t, err)
	g.stopped(t, "a sync", http.StatusForbidden, gate.ReasonRejected, func() error { return g.sync(t) })
}

func glassHolds(t *testing.T, w *world) {
	whole := w.gate(t, nil)
	breaks := func(g *gated, user string, request v1alpha1.ApplicationApproval) func() error {
		return func() error {
			request.PlanDigest = g.plan.Digest
			_, err := g.apps(t, user).BreakGlass(t.Context(), "web", &request, metav1.CreateOptions{})
			return err
		}
	}
	full := v1alpha1.ApplicationApproval{Reason: "all is on fire", Ticket: "INC-1"}
	whole.stopped(t, "no glass", http.StatusForbidden, gate.ReasonBreakGlassForbidden, breaks(whole, alice, full))
	g := w.gate(t, func(spec *capstanv1alpha1.PromotionPolicySpec) {
		spec.BreakGlass = &capstanv1alpha1.BreakGlassRule{TicketPattern: "INC-[0-9]+"}
	})
	g.stopped(t, "no ticket", http.StatusForbidden, gate.ReasonTicketRequired,
		breaks(g, alice, v1alpha1.ApplicationApproval{Reason: full.Reason}))
	g.stopped(t, "another ticket", http.StatusForbidden, gate.ReasonTicketRequired,
		breaks(g, alice, v1alpha1.ApplicationApproval{Reason: full.Reason, Ticket: "INC-1\nx"}))
	g.stopped(t, "no reason", http.StatusForbidden, gate.ReasonReasonRequired,
		breaks(g, alice, v1alpha1.ApplicationApproval{Ticket: "INC-1", Reason: "          x"}))
	g.stopped(t, "too long", http.StatusForbidden, gate.ReasonDuration, breaks(g, alice, v1alpha1.ApplicationApproval{
		Reason: full.Reason, Ticket: "INC-1", Duration: &metav1.Duration{Duration: 48 * time.Hour},
	}))
	g.stopped(t, "a robot", http.StatusForbidden, gate.ReasonExcluded, breaks(g, robot, full))
	g.stopped(t, "a sync", http.StatusForbidden, gate.ReasonApprovalRequired, func() error { return g.sync(t) })
	must(t, breaks(g, alice, full)())
	must(t, g.sync(t))
}
