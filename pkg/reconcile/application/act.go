// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// blind is how long to wait before what could not be read is tried again without an event.
const blind = 10 * time.Second

// act runs what may be run now and says when to look again.
func (r *Reconciler) act(ctx context.Context, p *pass, s *state, lookErr error) time.Duration {
	switch {
	case terminating(p.app):
		r.end(s, p, true, "operation terminated")
		return 0
	case p.plan == nil && p.app.Operation != nil && isInvalid(lookErr):
		r.end(s, p, true, lookErr.Error())
		return 0
	case p.plan == nil:
		return blind
	case s.lagging:
		return lag
	}
	chosen := decide(r.facts(p, s))
	if chosen.held != "" {
		p.problems = append(p.problems, v1alpha1.ApplicationCondition{
			Type: v1alpha1.ApplicationConditionSyncError, Message: chosen.held,
		})
	}
	if len(chosen.changes) == 0 && (p.app.Operation == nil || chosen.wait > 0) {
		r.settleRun(s, p, chosen)
		return chosen.wait
	}
	return r.run(ctx, p, s, chosen)
}

// settleRun ends a run that waited for health and has nothing left to do.
func (r *Reconciler) settleRun(s *state, p *pass, chosen decision) {
	if s.run != nil && s.run.finished.IsZero() && chosen.wait == 0 {
		r.end(s, p, chosen.held != "", chosen.held)
	}
}

func (r *Reconciler) facts(p *pass, s *state) facts {
	f := facts{
		operation: p.app.Operation, policy: policyOf(p.app), plan: *p.plan, applied: s.applied, attempt: s.attempt,
		revision: p.desired.revision, held: heldBy(s.written), wanted: p.desired.made.rendered.String(),
		empty: len(p.desired.objects) == 0, now: r.Clock.Now(),
	}
	if p.app.Spec.SyncPolicy != nil {
		f.retry = p.app.Spec.SyncPolicy.Retry
	}
	return f
}

// run executes the chosen changes step by step until one has to wait or fails.
func (r *Reconciler) run(ctx context.Context, p *pass, s *state, chosen decision) time.Duration {
	current := r.begin(s, p, chosen)
	manifests, err := r.bytesOf(ctx, p)
	if err != nil {
		p.problems = append(p.problems, conditionOf(err))
		return blind
	}
	if err := r.hold(ctx, p, current); err != nil {
		p.problems = append(p.problems, conditionOf(err))
		return blind
	}
	if err := r.ensureNamespace(ctx, p, chosen.dryRun); err != nil {
		r.fail(s, p, chosen, err.Error())
		return retryPause(s.attempt.count, nil)
	}
	steps := plan.Plan{Changes: chosen.changes}.Steps()
	for i, step := range steps {
		if i > 0 && step.Wave > steps[i-1].Wave && chosen.trigger != capstan.TriggerSelfHeal && !chosen.dryRun {
			current.message = fmt.Sprintf("waiting for healthy state of wave %d", steps[i-1].Wave)
			return 0
		}
		if waiting := unhealthyBelow(*p.plan, step, chosen); waiting != "" {
			current.message = "waiting for healthy state of " + waiting
			return 0
		}
		if failure := r.execute(ctx, p, s, step, chosen.dryRun, manifests); failure != "" {
			r.forgetNamespace(p)
			r.fail(s, p, chosen, failure)
			return retryPause(s.attempt.count, nil)
		}
	}
	s.attempt = s.attempt.next(fingerprintOf(p.desired.revision, chosen.changes), false, r.Clock.Now())
	r.end(s, p, false, "successfully synced (all tasks run)")
	return 0
}

// unhealthyBelow names an object of a lower wave that is not healthy yet.
func unhealthyBelow(p plan.Plan, step plan.Step, chosen decision) string {
	if chosen.trigger == capstan.TriggerSelfHeal || chosen.dryRun {
		return ""
	}
	for _, change := range p.Changes {
		if change.Wave < step.Wave && change.InSync() && change.Health != nil && change.Health.Status.Worse("Suspended") {
			return change.Kind + " " + change.Name
		}
	}
	return ""
}

// fail ends a run whose changes may be tried again; an operation that asks for retries
// stays in progress until they are used up.
func (r *Reconciler) fail(s *state, p *pass, chosen decision, message string) {
	s.attempt = s.attempt.next(fingerprintOf(p.desired.revision, chosen.changes), true, r.Clock.Now())
	if limit := limitOf(strategyOf(r.facts(p, s)), true); p.app.Operation != nil && s.attempt.count <= limit {
		s.run.tries, s.run.message = s.attempt.count, message+" Retrying."
		return
	}
	r.end(s, p, true, message)
	p.problems = append(p.problems, v1alpha1.ApplicationCondition{
		Type: v1alpha1.ApplicationConditionSyncError, Message: message,
	})
}

// terminating reports that somebody asked the operation in progress to stop.
func terminating(app *v1alpha1.Application) bool {
	state := app.Status.OperationState
	return app.Operation != nil && state != nil && state.Phase == v1alpha1.OperationTerminating
}
