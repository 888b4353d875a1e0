// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/plan"
	"github.com/capstan-dev/capstan/pkg/project"
)

// blind is how long to wait before what could not be read is tried again without an event.
const blind = 10 * time.Second

// act runs what may be run now and says when to look again.
func (r *Reconciler) act(ctx context.Context, p *pass, s *state, lookErr error) time.Duration {
	switch {
	case terminating(p.app, s):
		r.terminate(ctx, p, s, "Operation terminated")
		s.spent = stopped(p)
		return 0
	case withdrawn(p.app, s):
		r.terminate(ctx, p, s, "the operation was withdrawn")
		return 0
	case p.plan == nil && p.app.Operation != nil && isInvalid(lookErr):
		r.end(s, p, true, lookErr.Error())
		return 0
	case p.app.Operation != nil && p.app.Operation.Sync == nil:
		r.end(s, p, true, "the operation asks for nothing: set operation.sync")
		return 0
	case p.plan == nil:
		return blind
	case s.lagging:
		return lag
	}
	f := r.facts(p, s)
	switch {
	case !p.gate.Gated || rehearses(f.operation):
	case s.run != nil && !s.run.active():
		return r.alight(p, s, f)
	default:
		return r.promote(ctx, p, s, f)
	}
	chosen := decide(f)
	if chosen.held != "" {
		p.problems = append(p.problems, v1alpha1.ApplicationCondition{
			Type: v1alpha1.ApplicationConditionSyncError, Message: chosen.held,
		})
	}
	if chosen.closed != "" {
		p.problems = append(p.problems, v1alpha1.ApplicationCondition{
			Type: v1alpha1.ApplicationConditionSyncWindowWarning, Message: "automated sync waits: " + chosen.closed,
		})
	}
	switch {
	case s.run != nil && !s.run.active():
		return r.flush(s, chosen)
	case !chosen.begins():
		return chosen.wait
	}
	if err := r.lookTwice(ctx, p, s, chosen); err != nil {
		p.problems = append(p.problems, conditionOf(err))
		return blind
	}
	if p.gate.Gated && !chosen.dryRun {
		return r.promote(ctx, p, s, f)
	}
	return r.run(ctx, p, s, f, chosen)
}

// lookTwice reads anew what the gate asks, before a sync begins that nothing gates by the caches: they may not have
// heard of the latest policy. It costs nothing where nothing is synced.
func (r *Reconciler) lookTwice(ctx context.Context, p *pass, s *state, chosen decision) error {
	if s.run.active() || chosen.dryRun {
		return nil
	}
	now, err := r.Desk.RequirementNow(ctx, p.app, p.target.Status().UID)
	if err != nil {
		return unreadable(err)
	}
	p.gate = now
	return nil
}

// rehearses reports an operation that changes nothing.
func rehearses(operation *v1alpha1.Operation) bool {
	return operation != nil && operation.Sync != nil && operation.Sync.DryRun
}

// flush has the run that ended reported at once where there is more to do.
func (r *Reconciler) flush(s *state, chosen decision) time.Duration {
	if !chosen.begins() {
		return 0
	}
	s.flushBy = r.Clock.Now()
	return behind
}

func (r *Reconciler) facts(p *pass, s *state) facts {
	f := facts{
		operation: p.app.Operation, policy: policyOf(p.app), plan: *p.plan, applied: s.applied,
		spent: s.spent, healing: s.healing,
		revision: p.desired.revision, held: heldBy(s.written), wanted: p.desired.made.rendered.String(),
		empty: len(p.desired.objects) == 0, now: r.Clock.Now(),
	}
	if s.run.active() {
		f.running = s.run.trigger
	}
	f.window = project.Windows(p.owner, p.app.Name, permitted(p.target, p.app.Spec.Destination.Namespace), project.Moment{
		Now: f.now, Began: s.run.since(), Manual: f.operation != nil && !f.operation.InitiatedBy.Automated,
	})
	return f
}

// run takes the sync of the chosen changes as far as it goes.
func (r *Reconciler) run(ctx context.Context, p *pass, s *state, f facts, chosen decision) time.Duration {
	shut := f.window.Closed != "" && !chosen.dryRun
	if shut && !s.run.active() {
		r.end(s, p, true, "not allowed now: "+f.window.Closed)
		return 0
	}
	current := r.begin(s, p, chosen)
	if wait := current.retryAt.Sub(f.now); wait > 0 {
		return wait
	}
	current.again()
	if err := r.hold(ctx, p, current); err != nil {
		p.problems = append(p.problems, conditionOf(err))
		return blind
	}
	if err := r.ensureNamespace(ctx, p, chosen.dryRun); err != nil {
		return r.fail(s, p, f, chosen, err.Error())
	}
	if found := conflict(p, current); found != "" {
		return r.fail(s, p, f, chosen, found)
	}
	c := r.courseOf(p, current, chosen)
	c.shut = shut
	done, again, err := r.proceed(ctx, p, s, c)
	switch {
	case errors.Is(err, errShut):
		return r.interrupt(ctx, p, s, f)
	case apierrors.IsConflict(err):
		return behind
	case err != nil:
		p.problems = append(p.problems, conditionOf(err))
		return blind
	case !done:
		return again
	case current.failure != "":
		r.forgetNamespace(p)
		return r.fail(s, p, f, chosen, current.failure)
	}
	if chosen.trigger == capstan.TriggerSelfHeal {
		s.healing = s.healing.next(fingerprintOf(f.revision, chosen.changes), f.now)
	}
	s.spent = spent{}
	r.end(s, p, false, "successfully synced (all tasks run)")
	return 0
}

// interrupt stops a run that a sync window or a freeze lets go no further. What automation began goes on when they say
// something else; what a person began ends, or it would keep the place of other operations.
func (r *Reconciler) interrupt(ctx context.Context, p *pass, s *state, f facts) time.Duration {
	if f.operation != nil {
		r.terminate(ctx, p, s, "stopped: "+f.window.Closed)
		return 0
	}
	s.run.message = "waiting: " + f.window.Closed
	return f.window.Wait(f.now)
}

// fail ends an attempt of the run. The run stays in progress as long as there are retries
// left; when they are used up, the same is not tried again.
func (r *Reconciler) fail(s *state, p *pass, f facts, chosen decision, message string) time.Duration {
	current := s.run
	strategy := strategyOf(current.operation, retryOf(p.app))
	if current.tries < limitOf(strategy, !current.operation.InitiatedBy.Automated) {
		return current.retry(message, retryPause(current.tries+1, strategy), f.now)
	}
	if current.tries > 0 {
		message = fmt.Sprintf("%s (retried %d times).", message, current.tries)
	}
	if chosen.trigger == capstan.TriggerSelfHeal {
		s.healing = s.healing.next(fingerprintOf(f.revision, chosen.changes), f.now)
	} else {
		s.spent = spentOn(f, chosen.changes)
	}
	r.end(s, p, true, message)
	p.problems = append(p.problems, v1alpha1.ApplicationCondition{
		Type: v1alpha1.ApplicationConditionSyncError, Message: message,
	})
	return 0
}

func retryOf(app *v1alpha1.Application) *v1alpha1.RetryStrategy {
	if app.Spec.SyncPolicy == nil {
		return nil
	}
	return app.Spec.SyncPolicy.Retry
}

// terminating reports that somebody asked the sync in progress to stop.
func terminating(app *v1alpha1.Application, s *state) bool {
	return isTerminating(app) && (app.Operation != nil || s.run.active())
}

// withdrawn reports that the operation which the run in progress carries out is no longer there, or is another one by
// now, or that automated sync was switched off while it ran.
func withdrawn(app *v1alpha1.Application, s *state) bool {
	switch {
	case !s.run.active():
		return false
	case s.run.operation.InitiatedBy.Automated:
		return app.Operation == nil && !automated(policyOf(app))
	default:
		return app.Operation == nil || !equality.Semantic.DeepEqual(app.Operation.Sync, s.run.operation.Sync)
	}
}

// terminate removes the hooks that run and ends the run (as Argo CD 3.5: gitops-engine,
// sync_context.go Terminate).
func (r *Reconciler) terminate(ctx context.Context, p *pass, s *state, message string) {
	failed := false
	if s.run.active() && p.target != nil {
		failed = r.removeRunning(ctx, p, s.run)
	}
	if failed {
		message = "Operation termination had errors"
	}
	r.end(s, p, true, message)
}

// stopped is the memory of a sync that a person ended: automation does not begin it again.
func stopped(p *pass) spent {
	if p.desired == nil {
		return spent{revision: p.revision()}
	}
	return spent{revision: p.desired.revision}
}

// removeRunning deletes the objects of the hooks whose end was not seen.
func (r *Reconciler) removeRunning(ctx context.Context, p *pass, current *run) (failed bool) {
	objects := p.hooks
	if p.plan == nil {
		seen, err := p.target.Live(r.instanceName(p.app), nil)
		if err != nil {
			return len(current.order) > 0
		}
		objects = hooksOf(seen.Objects, r.instanceName(p.app))
	}
	c := &course{run: current, objects: objects}
	current.see(plan.Sequence(plan.Progress{Runs: current.hookRuns(r.Clock.Now()), Objects: objects}).Ended)
	running := map[plan.HookID]bool{}
	var remove []live.Object
	for _, object := range objects {
		for id, did := range current.results {
			if id.Key == object.Key && did.hook && did.phase == v1alpha1.OperationRunning {
				running[id] = true
				remove = append(remove, object)
			}
		}
	}
	failure := r.clear(ctx, p, c, plan.Next{Remove: remove})
	for id := range running {
		did := current.results[id]
		did.phase, did.message = v1alpha1.OperationSucceeded, "Deleted"
		if failure != "" {
			did.phase, did.message = v1alpha1.OperationFailed, failure
		}
		current.results[id] = did
	}
	return failure != ""
}
