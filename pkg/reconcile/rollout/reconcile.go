// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/queue"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// rounds is how often a pass decides: what a decision changed may let another step be taken at once.
const rounds = 8

// reconcile takes a Rollout as far as it goes now, and says when to look again.
func (p *pass) reconcile(ctx context.Context, object *v1alpha1.Rollout) (time.Duration, error) {
	facts, err := p.gather(ctx, object)
	var found *routing
	if err == nil {
		found, err = p.routing(ctx, object)
	}
	if invalid := (invalidError{}); errors.As(err, &invalid) {
		return p.finish(ctx, object, rollout.Invalid(facts, invalid.problem))
	}
	if errors.Is(err, errUnobserved) {
		return recheckUnobserved, nil
	}
	if err != nil {
		return 0, err
	}
	var decision rollout.Decision
	var happened []rollout.Event
	for round := range rounds {
		decision = rollout.Decide(facts)
		if round == 0 && p.site.cluster != "" && moves(facts, decision) {
			if err = p.site.confirm(ctx); err != nil {
				return 0, err
			}
		}
		acted, actErr := p.act(ctx, &facts, found, decision)
		if invalid := (invalidError{}); errors.As(actErr, &invalid) {
			p.tell(object, rollout.Deeds(happened))
			return p.finish(ctx, object, rollout.Invalid(facts, invalid.problem))
		}
		if actErr != nil {
			p.tell(object, rollout.Deeds(happened))
			return 0, actErr
		}
		happened = append(happened, decision.Events...)
		facts = facts.After(decision.Status)
		if !acted {
			break
		}
	}
	decision.Events = happened
	p.settle(facts, decision)
	again, err := p.finish(ctx, object, decision)
	if err != nil {
		return 0, err
	}
	if err = p.release(ctx, facts, decision.Release); err != nil {
		return 0, err
	}
	wait, err := p.wear(ctx, facts)
	return queue.Sooner(again, wait), err
}

// moves reports whether a decision changes more than numbers.
func moves(facts rollout.Facts, decision rollout.Decision) bool {
	changes := len(decision.Selections) + len(decision.Begun) + len(decision.Ended) + len(decision.Trials) +
		len(decision.EndedTrials) + len(decision.Changes)
	return changes > 0 || decision.Replacement != nil ||
		!equality.Semantic.DeepEqual(lasting(facts.Rollout.Status), lasting(decision.Status))
}

// invalidError is why a Rollout cannot be carried out.
type invalidError struct {
	problem error
}

// Error returns the problem.
func (e invalidError) Error() string { return e.problem.Error() }

// gather reads what a decision needs.
func (p *pass) gather(ctx context.Context, object *v1alpha1.Rollout) (rollout.Facts, error) {
	facts := rollout.Facts{Rollout: object, Now: p.Clock.Now()}
	err := p.resolve(ctx, &facts)
	if err != nil {
		return facts, err
	}
	object = facts.Rollout
	if facts.Services, err = p.services(object); err != nil {
		return facts, err
	}
	if problem := rollout.Validate(object, facts.Services); problem != nil {
		return facts, invalidError{problem}
	}
	if facts.Runs, err = p.fresh.runsOf(object); err != nil {
		return facts, err
	}
	if facts.Experiments, err = p.fresh.experimentsOf(object); err != nil {
		return facts, err
	}
	if err = p.revisionsOf(ctx, &facts); err != nil {
		return facts, err
	}
	if problem := p.checkAnalyses(facts); problem != nil {
		return facts, invalidError{problem}
	}
	return facts, p.countPods(ctx, &facts)
}

// services returns the Services that a Rollout names, as far as they are there.
func (p *pass) services(object *v1alpha1.Rollout) (map[string]*corev1.Service, error) {
	services := map[string]*corev1.Service{}
	for _, named := range rollout.ServicesOf(object) {
		service, err := p.site.service(object.Namespace, named.Name)
		if err != nil {
			return nil, fmt.Errorf("read Service %s: %w", named.Name, err)
		}
		if service != nil {
			services[named.Name] = service
		}
	}
	return services, nil
}
