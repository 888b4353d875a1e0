// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Record checks that somebody may say so of the Application's newest Plan, and keeps it; a dry run keeps nothing.
func (d *Desk) Record(
	ctx context.Context, app *v1alpha1.Application, decision capstan.ApprovalDecision,
	request *v1alpha1.ApplicationApproval, who user.Info, dryRun bool,
) (*v1alpha1.ApplicationApproval, error) {
	facts := d.Facts(ctx, app, d.UID(app.Spec.Destination))
	approver := ApproverOf(who)
	made, verdict := judge(facts, decision, request, approver)
	if err := d.answer(ctx, app, "applications/"+subresourceOf(decision), verdict); err != nil {
		return nil, err
	}
	answer := request.DeepCopy()
	answer.Status.Approval = made.Name
	kept, err := d.keep(ctx, facts, made, dryRun)
	if err != nil {
		return nil, err
	}
	facts.Approvals = append(facts.Approvals, kept)
	if made := kept.CreationTimestamp.Time; facts.Now.Before(made) {
		// It was kept after the facts were gathered, and one of the future would not count.
		facts.Now = made
	}
	answer.Status.Missing = gate.Decide(facts).Missing
	return answer, nil
}

func subresourceOf(decision capstan.ApprovalDecision) string {
	return strings.ToLower(string(decision))
}

// judge asks the gate whether somebody may decide so, and makes the record of it.
func judge(
	facts gate.Facts, decision capstan.ApprovalDecision, request *v1alpha1.ApplicationApproval, who capstan.Approver,
) (*capstan.Approval, gate.Verdict) {
	var roles []string
	var verdict gate.Verdict
	var expires *metav1.Time
	if decision == capstan.DecisionBreakGlass {
		verdict, expires = emergency(facts, request, who)
	} else {
		roles, verdict = gate.Eligible(facts, who, gate.Ask{
			Decision: decision, PlanDigest: request.PlanDigest, Reason: request.Reason,
		})
	}
	if !verdict.Allowed() {
		return nil, verdict
	}
	plan := facts.Plan
	return &capstan.Approval{
		ObjectMeta: metav1.ObjectMeta{Namespace: plan.Namespace, Name: approvalName(plan, who, decision)},
		Spec: capstan.ApprovalSpec{
			Application: capstan.SyncRunApplication{Name: plan.Spec.Application.Name, UID: plan.Spec.Application.UID},
			Plan:        plan.Name, PlanDigest: plan.Digest, Decision: decision, Approver: who, Roles: roles,
			Reason: request.Reason, Ticket: request.Ticket, ExpiresAt: expires,
		},
	}, verdict
}

// emergency asks the gate whether somebody may break it, and until when.
func emergency(
	facts gate.Facts, request *v1alpha1.ApplicationApproval, who capstan.Approver,
) (gate.Verdict, *metav1.Time) {
	asked := gate.BreakGlassRequest{
		Who: who, PlanDigest: request.PlanDigest, Reason: request.Reason, Ticket: request.Ticket,
	}
	if request.Duration != nil {
		asked.Duration = request.Duration.Duration
	}
	verdict := gate.BreakGlass(facts, asked)
	if !verdict.Allowed() {
		return verdict, nil
	}
	return verdict, &metav1.Time{Time: facts.Requirement.BreakGlass.Until(facts.Now, asked.Duration)}
}

// approvalName gives one person one Approval of a Plan, so that to approve twice is to approve once.
func approvalName(plan *capstan.Plan, who capstan.Approver, decision capstan.ApprovalDecision) string {
	const longest = 200
	said := manifest.DigestOf(fmt.Appendf(nil, "%s %s", decision, who.Username))
	return fmt.Sprintf("%.*s-%.10s", longest, plan.Name, said)
}

// keep writes an Approval. One that says the same and is in force still is kept as it is; another makes way.
func (d *Desk) keep(
	ctx context.Context, facts gate.Facts, made *capstan.Approval, dryRun bool,
) (*capstan.Approval, error) {
	client := d.Client.CapstanV1alpha1().Approvals(made.Namespace)
	known, err := client.Get(ctx, made.Name, metav1.GetOptions{})
	switch {
	case err == nil && known.DeletionTimestamp == nil && holds(facts, known, made):
		return known, nil
	case err != nil && !apierrors.IsNotFound(err):
		return nil, fmt.Errorf("read what was said before: %w", err)
	case dryRun:
		said := made.DeepCopy()
		said.CreationTimestamp = metav1.Time{Time: facts.Now}
		return said, nil
	case err == nil:
		gone := metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(known.UID))}
		if err = client.Delete(ctx, made.Name, gone); err != nil && !apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("replace what was said before: %w", err)
		}
	}
	kept, err := client.Create(ctx, made, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("record the approval: %w", err)
	}
	return kept, nil
}

// holds reports that to say something again would change nothing.
func holds(facts gate.Facts, known, made *capstan.Approval) bool {
	until := known.CreationTimestamp.Add(facts.Requirement.ExpiresAfter)
	if known.Spec.ExpiresAt != nil {
		until = known.Spec.ExpiresAt.Time
	}
	said := made.Spec
	said.ExpiresAt = known.Spec.ExpiresAt
	return facts.Now.Before(until) && equality.Semantic.DeepEqual(said, known.Spec)
}

// ApproverOf is an identity as authenticated.
func ApproverOf(who user.Info) capstan.Approver {
	return capstan.Approver{
		Username: who.GetName(), UID: who.GetUID(), Groups: who.GetGroups(), Extra: who.GetExtra(),
	}
}
