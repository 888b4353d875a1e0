// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"errors"
	"net/url"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// stay says why a Rollout cannot be carried out where its pods are, and does nothing else.
func (r *Reconciler) stay(ctx context.Context, object *v1alpha1.Rollout, reason error) (time.Duration, error) {
	facts := rollout.Facts{Rollout: object, Now: r.Clock.Now()}
	var decision rollout.Decision
	invalid, away, undeletable := invalidError{}, awayError{}, undeletableError{}
	switch {
	case errors.Is(reason, errNotKnown):
		return time.Second, nil
	case errors.As(reason, &invalid):
		decision = rollout.Invalid(facts, invalid.problem)
	case errors.As(reason, &away):
		decision = rollout.Away(facts, away.problem)
	case errors.As(reason, &undeletable):
		decision = rollout.Undeletable(facts, undeletable.problem)
	default:
		return 0, reason
	}
	if !equality.Semantic.DeepEqual(object.Status, decision.Status) {
		if err := r.store(ctx, object, object.ResourceVersion, decision.Status); err != nil {
			return 0, err
		}
	}
	r.tell(object, decision.Events)
	return decision.Again, nil
}

// unanswered makes an awayError of a request that a registered cluster did not answer.
func (s *site) unanswered(err error) error {
	var failed *url.Error
	if s.cluster != "" && errors.As(err, &failed) {
		return awayError{err}
	}
	return err
}
