// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// promote does about a gated Application what act does about another: it applies an approved Plan, asks for one, or
// puts back what was deployed. Nothing else reaches the destination, whatever admission let through.
func (r *Reconciler) promote(ctx context.Context, p *pass, s *state, f facts) time.Duration {
	news, drift := split(f.plan.Pending(), f.applied)
	stand(p, s, len(news) > 0, len(drift) > 0, r.now())
	quiet := len(f.plan.Pending()) == 0 && !s.run.active() && f.operation == nil && before(s).State == v1alpha1.GateOpen
	if !s.asked.Swap(false) && quiet {
		return 0
	}
	asked := r.Desk.Facts(ctx, p.app, p.target.Status().UID)
	verdict := gate.Decide(asked)
	current := asked.Plan
	switch {
	case s.run.active() && s.run.trigger != capstan.TriggerSelfHeal:
		return r.advance(ctx, p, s)
	case !s.run.active() && isBegun(current):
		return r.enter(ctx, p, s, f, current)
	case verdict.Allowed() && (automated(f.policy) || f.operation != nil):
		return r.enterGranted(ctx, p, s, f, asked, verdict)
	case f.operation != nil:
		r.end(s, p, true, verdict.Message)
		return 0
	}
	wait, err := r.await(ctx, p, s, f, asked, verdict, len(news) > 0)
	if err != nil {
		p.standing.State, p.standing.Message = v1alpha1.GateHeld, err.Error()
		return blind
	}
	return soonest(wait, r.restore(ctx, p, s, f, drift))
}

// isBegun reports a Plan whose sync began and did not end: the server was killed meanwhile.
func isBegun(made *capstan.Plan) bool {
	return made != nil && made.Status.Phase == capstan.PlanRunning && made.Spec.Kind != capstan.PlanDestroy
}

// enterGranted begins the sync of an approved Plan.
func (r *Reconciler) enterGranted(
	ctx context.Context, p *pass, s *state, f facts, asked gate.Facts, verdict gate.Verdict,
) time.Duration {
	made := asked.Plan
	p.standing.State, p.standing.Plan = v1alpha1.GateApproved, made.Name
	if f.operation == nil && f.window.Closed != "" {
		p.standing.Message = "waits for a sync window: " + f.window.Closed
		return f.window.Wait(f.now)
	}
	if fresh, err := r.fresh(ctx, p.app); err != nil || !fresh {
		return behind
	}
	q, chosen, err := r.planned(ctx, p, s, made)
	if err != nil {
		p.standing.State, p.standing.Message = v1alpha1.GateHeld, err.Error()
		return blind
	}
	if stray := strayed(q, made, chosen); stray != "" {
		return r.supersede(ctx, p, made, stray)
	}
	used, err := r.Desk.Begin(ctx, asked, verdict)
	if err != nil {
		// Somebody wrote the Plan meanwhile, or nobody can tell: what holds now is read again.
		p.standing.Message = err.Error()
		return lag
	}
	return r.enter(ctx, p, s, f, used)
}

// enter goes on with the sync of a Plan that began.
func (r *Reconciler) enter(ctx context.Context, p *pass, s *state, f facts, used *capstan.Plan) time.Duration {
	q, chosen, err := r.planned(ctx, p, s, used)
	if err != nil {
		p.standing.State, p.standing.Message = v1alpha1.GateHeld, err.Error()
		return blind
	}
	trigger := capstan.TriggerAutomated
	switch {
	case used.Spec.Kind == capstan.PlanRollback:
		trigger = capstan.TriggerRollback
	case f.operation != nil:
		trigger = triggerOf(*f.operation)
	}
	return r.pursueRun(ctx, p, q, s, decision{changes: chosen, trigger: trigger, plan: used})
}

// advance takes the sync of a Plan further, as long as what let it through holds.
func (r *Reconciler) advance(ctx context.Context, p *pass, s *state) time.Duration {
	name := planOf(s.run.operation)
	if name == "" {
		r.terminate(ctx, p, s, "the destination is gated now: create applications/plan")
		return 0
	}
	used, err := r.Desk.Plan(ctx, p.app.Namespace, name)
	revoked := ""
	if err == nil {
		_, revoked, err = r.Desk.Approvers(ctx, used)
	}
	if err != nil {
		p.standing.State, p.standing.Message = v1alpha1.GateHeld, err.Error()
		return blind
	}
	if revoked != "" {
		r.terminate(ctx, p, s, "stopped: Approval "+revoked+" was revoked")
		return 0
	}
	if used.Spec.Application.UID != p.app.UID || used.Spec.Application.Spec != gate.SpecDigest(p.app.Spec) ||
		used.Spec.Destination.UID != p.target.Status().UID {
		r.terminate(ctx, p, s, "stopped: Plan "+name+" is of another spec, or of another cluster")
		return 0
	}
	q, chosen, err := r.planned(ctx, p, s, used)
	if err != nil {
		p.standing.State, p.standing.Message = v1alpha1.GateHeld, err.Error()
		return blind
	}
	if stray := strayed(q, used, chosen); stray != "" {
		r.terminate(ctx, p, s, "stopped: "+stray)
		return 0
	}
	return r.pursueRun(ctx, p, q, s, decision{changes: chosen, trigger: s.run.trigger, plan: used})
}

// pursueRun runs what a Plan would deploy and looks again once that has ended.
func (r *Reconciler) pursueRun(ctx context.Context, p, q *pass, s *state, chosen decision) time.Duration {
	p.standing.State, p.standing.Plan = v1alpha1.GateApproved, chosen.plan.Name
	wait := r.run(ctx, q, s, r.facts(q, s), chosen)
	p.problems = q.problems
	if s.run == nil {
		return wait
	}
	s.run.deploys = &v1alpha1.GateDeployment{Plan: chosen.plan.Name, Manifests: chosen.plan.Spec.Manifests}
	if s.run.active() {
		return wait
	}
	return behind
}

// alight tells how the Application stands after a run that ended and is yet to be reported. What comes then is the next
// look's to say.
func (r *Reconciler) alight(p *pass, s *state, f facts) time.Duration {
	news, drift := split(f.plan.Pending(), f.applied)
	stand(p, s, len(news) > 0, len(drift) > 0, r.now())
	if len(f.plan.Pending()) == 0 {
		return 0
	}
	p.standing.State, p.standing.Message = before(s).State, before(s).Message
	s.flushBy = r.Clock.Now()
	return behind
}

// fresh reports that the store holds the Application as this pass looked at it.
func (r *Reconciler) fresh(ctx context.Context, app *v1alpha1.Application) (bool, error) {
	now, err := r.current(ctx, app)
	if err != nil {
		return false, err
	}
	return now.UID == app.UID && now.Generation == app.Generation && now.DeletionTimestamp == nil, nil
}

// restore puts back what was deployed where somebody changed it by hand. It never deletes.
func (r *Reconciler) restore(ctx context.Context, p *pass, s *state, f facts, drift []plan.Change) time.Duration {
	if !automated(f.policy) || !on(f.policy.SelfHeal) {
		return 0
	}
	q := p
	if last := p.standing.Deployed; last != nil && p.standing.LagSince != nil {
		made, err := r.Desk.Plan(ctx, p.app.Namespace, last.Plan)
		if err != nil {
			return blind
		}
		var pending []plan.Change
		if q, pending, err = r.planned(ctx, p, s, made); err != nil {
			return blind
		}
		q.prune, f = false, r.facts(q, s)
		_, drift = split(pending, f.applied)
	}
	drift = withoutPrunes(drift)
	chosen := heal(f, drift)
	if !chosen.begins() {
		return chosen.wait
	}
	wait := r.run(ctx, q, s, f, chosen)
	p.problems = q.problems
	return wait
}
