// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// Review checks that somebody may say so of an emergency of the Application that is over, and keeps it on the Approval
// by which the gate was broken; a dry run keeps nothing.
func (d *Desk) Review(
	ctx context.Context, app *v1alpha1.Application, request *v1alpha1.ApplicationApproval, who user.Info, dryRun bool,
) (*v1alpha1.ApplicationApproval, error) {
	facts := d.Facts(ctx, app, d.UID(app.Spec.Destination))
	reviewer := ApproverOf(who)
	verdict := gate.Review(facts, reviewer, request.Review, request.Reason)
	if err := d.answer(ctx, app, "applications/approve", verdict); err != nil {
		return nil, err
	}
	answer := request.DeepCopy()
	answer.Status.Approval = request.Review
	for _, grant := range facts.Grants {
		if grant.Name != request.Review || dryRun {
			continue
		}
		reviewed := grant.DeepCopy()
		reviewed.Status.Review = &capstan.ApprovalReview{
			Reviewer: reviewer, Reason: request.Reason, At: metav1.Time{Time: facts.Now},
		}
		_, err := d.Client.CapstanV1alpha1().Approvals(grant.Namespace).UpdateStatus(ctx, reviewed, metav1.UpdateOptions{})
		if err != nil {
			return nil, fmt.Errorf("record the review: %w", err)
		}
	}
	return answer, nil
}

// Withdraw says whether an Approval may be deleted: not the one by which the gate was broken, before somebody else has
// reviewed that, as long as its Application is there.
func (d *Desk) Withdraw(ctx context.Context, approval *capstan.Approval) error {
	said := approval.Status
	if approval.Spec.Decision != capstan.DecisionBreakGlass || said.UsedAt == nil || said.Review != nil {
		return nil
	}
	name := approval.Spec.Application.Name
	_, err := d.Client.ArgoprojV1alpha1().Applications(approval.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("read Application %s/%s: %w", approval.Namespace, name, err)
	}
	return d.Answer(ctx, capstan.Resource("approvals"), approval.Name, gate.Verdict{
		Decision: gate.Deny, Reason: gate.ReasonReviewRequired, Message: fmt.Sprintf("%s broke the gate of Application %s "+
			"by it: another person reviews that before, by applications/approve", approval.Spec.Approver.Username, name),
	})
}
