// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/promotion"
)

// await makes a Plan of what Git wants now, where there is none yet, and tells what is waited for.
func (r *Reconciler) await(
	ctx context.Context, p *pass, s *state, f facts, asked gate.Facts, verdict gate.Verdict, lags bool,
) (time.Duration, error) {
	made := asked.Plan
	if asked.Unreadable != nil {
		return 0, asked.Unreadable
	}
	if open(verdict) && promotion.Pinned(asked.Plan) {
		// What a person asked for is not overtaken by the next commit.
		return r.tellPlan(ctx, p, made, verdict)
	}
	if !lags {
		return 0, r.lapse(ctx, made, verdict)
	}
	if f.held != "" && f.held == f.wanted {
		p.standing.Message = "waits for the next commit: this one was rolled back"
		return 0, nil
	}
	spec, data, err := r.specOf(ctx, p, s, capstan.PlanSync)
	if err != nil {
		return 0, err
	}
	spec.Requester = capstan.SyncRunRequester{Automated: true}
	if made == nil || !sameContent(made.Spec, spec) || made.Status.StartedAt != nil {
		if err = r.lapse(ctx, made, verdict); err != nil {
			return 0, err
		}
		if asked.Plan, err = r.proposal(ctx, p, spec, data); err != nil {
			return 0, err
		}
		asked.Approvals = nil
		made, verdict = asked.Plan, gate.Decide(asked)
	}
	return r.tellPlan(ctx, p, made, verdict)
}

// open reports that a Plan may still be approved, or is.
func open(verdict gate.Verdict) bool {
	switch verdict.Reason {
	case gate.ReasonApprovalRequired, gate.ReasonGranted, gate.ReasonBreakGlass, gate.ReasonPruneLimit,
		gate.ReasonProtected, gate.ReasonReviewOverdue, gate.ReasonFrozen:
		return true
	}
	return false
}

// tellPlan shows a Plan that waits. An approval ends without an event, so that it is looked at from time to time.
func (r *Reconciler) tellPlan(
	ctx context.Context, p *pass, made *capstan.Plan, verdict gate.Verdict,
) (time.Duration, error) {
	waits(p.standing, made, verdict)
	return soonest(lookAgain, shutBy(verdict.Freeze).Wait(r.Clock.Now())), r.Desk.Note(ctx, made, statusOf(made, verdict))
}

// lookAgain is how often a Plan is judged that waits.
const lookAgain = time.Minute

// lapse notes that an unused Plan is overtaken.
func (r *Reconciler) lapse(ctx context.Context, made *capstan.Plan, verdict gate.Verdict) error {
	if made == nil || made.Status.StartedAt != nil || verdict.Reason == gate.ReasonRejected {
		return nil
	}
	return r.Desk.Note(ctx, made, capstan.PlanStatus{
		Phase: capstan.PlanSuperseded, Message: "something else is wanted now, or nothing", PinnedBy: made.Status.PinnedBy,
	})
}

// retract ends a Plan that may not be carried out as it stands; the next look makes another.
func (r *Reconciler) retract(
	ctx context.Context, p *pass, made *capstan.Plan, phase capstan.PlanPhase, why string,
) time.Duration {
	p.standing.State, p.standing.Message = v1alpha1.GateHeld, why
	status := *made.Status.DeepCopy()
	status.Phase, status.Message, status.Missing = phase, why, nil
	if err := r.Desk.Note(ctx, made, status); err != nil {
		return blind
	}
	return lag
}

// proposal adds the authors of what a Plan brings and keeps it.
func (r *Reconciler) proposal(
	ctx context.Context, p *pass, spec capstan.PlanSpec, data []byte,
) (*capstan.Plan, error) {
	spec.Authors, spec.AuthorsUnknown = r.authors(ctx, p, spec)
	made, err := r.Desk.Propose(ctx, p.app, spec, data, false)
	if err != nil {
		return nil, err
	}
	r.Events.Eventf(p.app, nil, "Normal", "AwaitingApproval", "Plan", "Plan %s waits for approval", made.Name)
	return made, nil
}

// specOf is the Plan of what a pass found, with its manifests packed.
func (r *Reconciler) specOf(
	ctx context.Context, p *pass, s *state, kind capstan.PlanKind,
) (capstan.PlanSpec, []byte, error) {
	bytes, err := r.bytesOf(ctx, p)
	if err != nil {
		return capstan.PlanSpec{}, nil, err
	}
	data, digest, err := manifest.Pack(bytes.all)
	if err != nil {
		return capstan.PlanSpec{}, nil, invalid(err)
	}
	const most = 1 << 20
	if len(data) > most {
		return capstan.PlanSpec{}, nil, invalid(fmt.Errorf("the manifests are too large for a Plan: %d bytes when packed, "+
			"%d at most; make several Applications of it", len(data), most))
	}
	spec := r.headOf(p, s, kind)
	spec.Manifests, spec.Prune = digest, p.prune
	spec.Revision, spec.Revisions = p.revision(), p.revisions()
	for _, change := range p.plan.Pending() {
		spec.Changes = append(spec.Changes, changeOf(change))
	}
	for _, hook := range p.desired.hooks {
		spec.Changes = append(spec.Changes, capstan.PlanChange{
			Action: capstan.ActionHook, Group: hook.Group, Kind: hook.Kind, Namespace: hook.Namespace, Name: hook.Name,
		})
	}
	return spec, data, nil
}

// headOf says what a Plan is of.
func (r *Reconciler) headOf(p *pass, s *state, kind capstan.PlanKind) capstan.PlanSpec {
	to := p.target.Destination()
	spec := capstan.PlanSpec{
		Kind: kind, From: promotion.Deployed(p.app), Policies: p.gate.Policies, Deployed: int32(len(s.applied)),
		Application: capstan.PlanApplication{Name: p.app.Name, UID: p.app.UID, Spec: gate.SpecDigest(p.app.Spec)},
		Destination: capstan.SyncRunDestination{
			Server: to.Server, Name: to.Name, Namespace: p.app.Spec.Destination.Namespace, UID: p.target.Status().UID,
		},
	}
	return spec
}

// sameContent compares what two Plans would do, whoever asked for them and wrote it.
func sameContent(a, b capstan.PlanSpec) bool {
	a.Number, b.Number = 0, 0
	a.Requester, b.Requester = capstan.SyncRunRequester{}, capstan.SyncRunRequester{}
	a.Authors, b.Authors = nil, nil
	a.AuthorsUnknown, b.AuthorsUnknown = false, false
	a.Editors, b.Editors = nil, nil
	return equality.Semantic.DeepEqual(a, b)
}

// current reads an Application past the cache.
func (r *Reconciler) current(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error) {
	now, err := r.Client.ArgoprojV1alpha1().Applications(app.Namespace).Get(ctx, app.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read Application %s/%s: %w", app.Namespace, app.Name, err)
	}
	return now, nil
}
