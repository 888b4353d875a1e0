// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/held"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// hold keeps a Rollout whose pods are in another cluster from going before they do: no garbage collector there knows
// it. A workload that replaces its own pods is held by its Rollout, which must let it go first.
func (r *Reconciler) hold(ctx context.Context, object *v1alpha1.Rollout) (*v1alpha1.Rollout, error) {
	if rollout.ClusterOf(object) == "" && !rollout.ReplacesInPlace(object) || held.Is(object) {
		return object, nil
	}
	body, err := held.Hold(object)
	if err != nil {
		return nil, err
	}
	return r.finalize(ctx, object, body)
}

// finalize writes the finalizers of a Rollout.
func (r *Reconciler) finalize(
	ctx context.Context, object *v1alpha1.Rollout, body []byte,
) (*v1alpha1.Rollout, error) {
	written, err := r.Client.ArgoprojV1alpha1().Rollouts(object.Namespace).
		Patch(ctx, object.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if err != nil {
		return nil, fmt.Errorf("write the finalizers of Rollout %s: %w", object.Name, err)
	}
	r.fresh.rollouts.Mutation(written)
	return written, nil
}

// errStillThere says that something was deleted and is not gone yet.
var errStillThere = errors.New("what it has there is not gone yet")

// letGo deletes, or frees, what a Rollout that is being deleted has in its cluster, and lets it go once that is gone.
// It says why it does not.
func (r *Reconciler) letGo(ctx context.Context, object *v1alpha1.Rollout) (time.Duration, error) {
	at, err := r.site(ctx, object)
	if err == nil {
		err = at.free(ctx, object)
		// In the host's cluster the garbage collector clears.
		if rollout.ClusterOf(object) != "" {
			err = errors.Join(err, at.clear(ctx, object))
		}
	}
	switch {
	case err == nil:
		return 0, r.gone(ctx, object)
	case errors.Is(err, errStillThere) || apierrors.IsConflict(err):
		return time.Second, nil
	case errors.Is(err, errNotKnown) || ctx.Err() != nil:
		return r.stay(ctx, object, err)
	default:
		return r.stay(ctx, object, undeletableError{fmt.Errorf("it is not deleted, as what it has cannot be let go: %w; "+
			"to leave that as it is, remove the finalizer %s", err, v1alpha1.FinalizerCluster)})
	}
}

// gone lets a Rollout go that has nothing in its cluster any more.
func (r *Reconciler) gone(ctx context.Context, object *v1alpha1.Rollout) error {
	body, err := held.LetGo(object)
	if err == nil {
		_, err = r.finalize(ctx, object, body)
	}
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// undeletableError is why a Rollout that is being deleted must wait.
type undeletableError struct{ problem error }

// Error returns the problem.
func (e undeletableError) Error() string { return e.problem.Error() }
