// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/promotion"
)

// Plan answers applications/plan: it makes the Plan that somebody asks for, by the stages that would carry it out. What
// is there already as the newest Plan is not made again.
func (r *Reconciler) Plan(
	ctx context.Context, app *v1alpha1.Application, request *v1alpha1.ApplicationPlan, who user.Info, dryRun bool,
) (*v1alpha1.ApplicationPlan, error) {
	spec, data, err := r.plan(ctx, app, request)
	if err != nil {
		return nil, err
	}
	approver := promotion.ApproverOf(who)
	spec.Requester = capstan.SyncRunRequester{Username: approver.Username, UID: approver.UID, Groups: approver.Groups}
	plans, err := r.Desk.PlansOf(ctx, app)
	if err != nil {
		return nil, err
	}
	made := promotion.Newest(plans)
	if made == nil || !sameContent(made.Spec, spec) || made.Status.StartedAt != nil ||
		made.Status.Phase == capstan.PlanRejected || made.Status.Phase == capstan.PlanSuperseded {
		made, err = r.Desk.Propose(ctx, app, spec, data, dryRun)
	} else if !dryRun {
		err = r.Desk.Pin(ctx, made, spec.Requester)
	}
	if err != nil {
		return nil, err
	}
	answer := request.DeepCopy()
	answer.Plan, answer.Digest = made.Name, made.Digest
	return answer, nil
}

// plan is the Plan that a request asks for, with its manifests packed.
func (r *Reconciler) plan(
	ctx context.Context, app *v1alpha1.Application, request *v1alpha1.ApplicationPlan,
) (capstan.PlanSpec, []byte, error) {
	switch {
	case request.Destroy:
		return r.planDestroy(ctx, app)
	case request.Run != "":
		return r.planRollback(ctx, app, request)
	}
	p, s, err := r.compute(ctx, app, &v1alpha1.SyncOperation{
		Revision: request.Revision, Revisions: request.Revisions, Prune: pruneAsked(app, request.Prune),
	}, true)
	if err != nil {
		return capstan.PlanSpec{}, nil, err
	}
	if !p.gate.Gated {
		return capstan.PlanSpec{}, nil, errUngated()
	}
	spec, data, err := r.specOf(ctx, p, s, capstan.PlanSync)
	if err == nil {
		spec.Authors, spec.AuthorsUnknown = r.authors(ctx, p, spec)
	}
	return spec, data, err
}

func errUngated() error {
	return invalid(errors.New("no gate is before the destination: create applications/sync or applications/rollback"))
}

// pruneAsked is what a request says of pruning, else what the policy of automated sync says.
func pruneAsked(app *v1alpha1.Application, asked *bool) bool {
	if asked != nil {
		return *asked
	}
	policy := policyOf(app)
	return policy != nil && on(policy.Prune)
}

// planRollback is the Plan that goes back to what a SyncRun deployed: the manifests that were kept then.
func (r *Reconciler) planRollback(
	ctx context.Context, app *v1alpha1.Application, request *v1alpha1.ApplicationPlan,
) (capstan.PlanSpec, []byte, error) {
	past, err := r.Desk.Deployment(ctx, app, request.Run)
	if err != nil {
		return capstan.PlanSpec{}, nil, invalid(err)
	}
	p := &pass{app: app.DeepCopy()}
	if err = r.reach(ctx, p); err != nil {
		return capstan.PlanSpec{}, nil, err
	}
	if !p.gate.Gated {
		return capstan.PlanSpec{}, nil, errUngated()
	}
	s, err := r.recollect(ctx, app)
	if err != nil {
		return capstan.PlanSpec{}, nil, err
	}
	if p.desired, p.prepared, err = r.desiredOf(ctx, p, past); err != nil {
		return capstan.PlanSpec{}, nil, err
	}
	p.prune = pruneAsked(app, request.Prune)
	if err = r.compareSoon(ctx, p, s); err != nil {
		return capstan.PlanSpec{}, nil, err
	}
	spec, data, err := r.specOf(ctx, p, s, capstan.PlanRollback)
	spec.Run = request.Run
	return spec, data, err
}

// planDestroy is the Plan of the deletion of an Application with all its objects.
func (r *Reconciler) planDestroy(ctx context.Context, app *v1alpha1.Application) (capstan.PlanSpec, []byte, error) {
	s, err := r.recollect(ctx, app)
	if err != nil {
		return capstan.PlanSpec{}, nil, err
	}
	d := &departure{pass: pass{app: app.DeepCopy()}, state: s}
	if err := r.reach(ctx, &d.pass); err != nil {
		return capstan.PlanSpec{}, nil, err
	}
	if !d.gate.Gated {
		return capstan.PlanSpec{}, nil, invalid(errors.New("no gate is before the destination: delete the Application"))
	}
	if err := r.soon(ctx, func() error { return r.survey(ctx, d, &desired{}) }); err != nil {
		return capstan.PlanSpec{}, nil, unreadable(err)
	}
	return r.destruction(d), nil, nil
}

// reach finds the destination of an Application, and what the gate asks of it there.
func (r *Reconciler) reach(ctx context.Context, p *pass) (err error) {
	if p.target, p.owner, err = r.place(p.app); err != nil {
		return err
	}
	if err = p.target.Connect(ctx); err != nil {
		return unreadable(err)
	}
	if p.gate, err = r.Desk.Requirement(p.app, p.target.Status().UID); err != nil {
		return unreadable(err)
	}
	return nil
}

// recollect is the state of an Application as the store has it.
func (r *Reconciler) recollect(ctx context.Context, app *v1alpha1.Application) (*state, error) {
	recorded, err := r.recordOf(ctx, app)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	s := &state{applied: appliedOf(recorded)}
	s.written.Resources = recorded
	return s, nil
}
