// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/promotion"
)

// promote does about a gated Application what act does about another: it applies an approved Plan, asks for one, or
// puts back what was deployed. Nothing else reaches the destination, whatever admission let through.
func (r *Reconciler) promote(ctx context.Context, p *pass, s *state, f facts) time.Duration {
	news, drift, last, err := r.owed(ctx, p, s, f)
	stand(p, s, len(news) > 0, len(drift) > 0, r.now())
	if err != nil {
		return p.held(err)
	}
	quiet := len(f.plan.Pending()) == 0 && !s.run.active() && f.operation == nil && before(s).State == v1alpha1.GateOpen
	if !s.asked.Swap(false) && quiet {
		return remind(p, f.now)
	}
	asked := r.Desk.Facts(ctx, p.app, p.target.Status().UID)
	if asked.Unreadable == nil {
		p.standing.Emergencies = gate.Emergencies(asked)
	}
	return soonest(remind(p, f.now), r.obey(ctx, p, s, f, asked, len(news) > 0, last))
}

// obey does what the gate lets through of what it was asked.
func (r *Reconciler) obey(
	ctx context.Context, p *pass, s *state, f facts, asked gate.Facts, lags bool, last *capstan.Plan,
) time.Duration {
	verdict := promotion.Judge(asked, f.operation, "")
	current := asked.Plan
	switch {
	case asked.Unreadable == nil && !asked.Requirement.Gated:
		// The cache is behind: what gated the Application is gone.
		return lag
	case s.run.active() && s.run.trigger != capstan.TriggerSelfHeal:
		return r.advance(ctx, p, s, current)
	case !s.run.active() && isBegun(current):
		return r.resume(ctx, p, s, f, asked)
	case verdict.Allowed() && current != nil && (automated(f.policy) || f.operation != nil):
		return r.enter(ctx, p, s, f, asked, verdict)
	case f.operation != nil:
		r.end(s, p, true, verdict.Message)
		return 0
	}
	wait, err := r.await(ctx, p, s, f, asked, verdict, lags)
	if err != nil {
		return p.held(err)
	}
	return soonest(wait, r.restore(ctx, p, s, f, last))
}

// isBegun reports a Plan whose sync began and did not end: the server was killed meanwhile.
func isBegun(made *capstan.Plan) bool {
	return made != nil && made.Status.Phase == capstan.PlanRunning && made.Status.StartedAt != nil &&
		made.Spec.Kind != capstan.PlanDestroy
}

// enter begins the sync of an approved Plan.
func (r *Reconciler) enter(
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
		return p.held(err)
	}
	if stray := strayed(q, made, chosen); stray != "" {
		return r.retract(ctx, p, made, capstan.PlanSuperseded, stray)
	}
	used, err := r.Desk.Begin(ctx, asked, verdict)
	if err != nil {
		// Somebody wrote the Plan meanwhile, or nobody can tell: what holds now is read again.
		p.standing.Message = err.Error()
		return lag
	}
	return r.pursueRun(ctx, p, q, s, decision{changes: chosen, trigger: triggerFor(used, f.operation), plan: used})
}

// resume goes on with the sync of a Plan that began before the server was killed.
func (r *Reconciler) resume(ctx context.Context, p *pass, s *state, f facts, asked gate.Facts) time.Duration {
	used := asked.Plan
	if err := r.Desk.Spend(ctx, asked.Approvals, *used.Status.StartedAt); err != nil {
		return p.held(err)
	}
	unfit, err := r.unfit(ctx, p, used)
	if err != nil {
		return p.held(err)
	}
	if unfit != "" {
		return r.retract(ctx, p, used, capstan.PlanFailed, unfit)
	}
	q, chosen, err := r.planned(ctx, p, s, used)
	if err != nil {
		return p.held(err)
	}
	if stray := strayed(q, used, chosen); stray != "" {
		return r.retract(ctx, p, used, capstan.PlanFailed, stray)
	}
	return r.pursueRun(ctx, p, q, s, decision{changes: chosen, trigger: triggerFor(used, f.operation), plan: used})
}

// triggerFor tells why a Plan is carried out.
func triggerFor(used *capstan.Plan, operation *v1alpha1.Operation) capstan.SyncRunTrigger {
	switch {
	case used.Spec.Kind == capstan.PlanRollback:
		return capstan.TriggerRollback
	case operation != nil:
		return triggerOf(*operation)
	default:
		return capstan.TriggerAutomated
	}
}

// advance takes the sync of a Plan further, as long as what let it through holds; newest is the newest Plan.
func (r *Reconciler) advance(ctx context.Context, p *pass, s *state, newest *capstan.Plan) time.Duration {
	name := planOf(s.run.operation)
	if name == "" {
		r.terminate(ctx, p, s, "the destination is gated now: create applications/plan")
		return 0
	}
	used, err := r.Desk.Plan(ctx, p.app.Namespace, name)
	if apierrors.IsNotFound(err) {
		r.terminate(ctx, p, s, "stopped: there is no Plan "+name)
		return 0
	}
	if err != nil {
		return p.held(err)
	}
	if used.Status.Phase == capstan.PlanSucceeded && newest != nil && newest.Name == used.Name {
		// The server was killed between two writes: the Plan tells the end, and the Application does not yet.
		s.run.deploys = &v1alpha1.GateDeployment{Plan: used.Name, Manifests: used.Spec.Manifests}
		r.end(s, p, false, used.Status.Message)
		return behind
	}
	unfit, err := r.unfit(ctx, p, used)
	if err != nil {
		return p.held(err)
	}
	if unfit != "" {
		r.terminate(ctx, p, s, "stopped: "+unfit)
		return 0
	}
	q, chosen, err := r.planned(ctx, p, s, used)
	if err != nil {
		return p.held(err)
	}
	if stray := strayed(q, used, chosen); stray != "" {
		r.terminate(ctx, p, s, "stopped: "+stray)
		return 0
	}
	return r.pursueRun(ctx, p, q, s, decision{changes: chosen, trigger: s.run.trigger, plan: used})
}

// unfit says why a Plan that began may not go on, "" where it may.
func (r *Reconciler) unfit(ctx context.Context, p *pass, used *capstan.Plan) (string, error) {
	_, revoked, err := r.Desk.Approvers(ctx, used)
	switch {
	case err != nil:
		return "", err
	case revoked != "":
		return "Approval " + revoked + " was revoked", nil
	}
	return misfit(used, p.app, p.target.Status().UID), nil
}

// misfit says why a Plan is not one that may be carried on with, "" where it is. That it began is said by the Plan,
// which the server alone writes, and by no status of an Application.
func misfit(used *capstan.Plan, app *v1alpha1.Application, cluster types.UID) string {
	switch {
	case used.Status.Phase != capstan.PlanRunning:
		return "Plan " + used.Name + " is not under way: it is " + string(used.Status.Phase)
	case !isOf(used, app, cluster) || used.Spec.Application.Spec != gate.SpecDigest(app.Spec):
		return "Plan " + used.Name + " is of another spec, or of another cluster"
	}
	return ""
}

// held tells that the gate stays shut because something could not be read.
func (p *pass) held(err error) time.Duration {
	p.standing.State, p.standing.Message = v1alpha1.GateHeld, err.Error()
	return blind
}

// pursueRun runs what a Plan would deploy and looks again once that has ended.
func (r *Reconciler) pursueRun(ctx context.Context, p, q *pass, s *state, chosen decision) time.Duration {
	p.standing.State, p.standing.Plan = v1alpha1.GateApproved, chosen.plan.Name
	f := r.facts(q, s)
	if f.window.Closed == "" {
		var err error
		if f.window, err = r.freeze(ctx, p, chosen.plan); err != nil {
			return p.held(err)
		}
	}
	wait := r.run(ctx, q, s, f, chosen)
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
	wait := remind(p, f.now)
	if len(f.plan.Pending()) == 0 {
		return wait
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

// restore puts back what was deployed where somebody changed it by hand, with the bytes of that Plan, whatever Git or
// the records say by now. It never deletes.
func (r *Reconciler) restore(ctx context.Context, p *pass, s *state, f facts, last *capstan.Plan) time.Duration {
	if last == nil || len(f.plan.Pending()) == 0 || !automated(f.policy) || !on(f.policy.SelfHeal) {
		return 0
	}
	if f.window.Closed != "" {
		return f.window.Wait(f.now)
	}
	q, pending, err := r.planned(ctx, p, s, last)
	if err != nil {
		return blind
	}
	q.prune, f = false, r.facts(q, s)
	_, drift := split(pending, f.applied)
	chosen := heal(f, withoutPrunes(drift))
	if !chosen.begins() {
		return chosen.wait
	}
	wait := r.run(ctx, q, s, f, chosen)
	p.problems = q.problems
	return wait
}
