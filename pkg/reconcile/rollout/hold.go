// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// hold keeps a Rollout whose pods are in another cluster from going before they do: no garbage collector there knows
// it.
func (r *Reconciler) hold(ctx context.Context, object *v1alpha1.Rollout) (*v1alpha1.Rollout, error) {
	if rollout.ClusterOf(object) == "" || held(object) {
		return object, nil
	}
	return r.finalizers(ctx, object, append(slices.Clone(object.Finalizers), v1alpha1.FinalizerCluster))
}

func held(object *v1alpha1.Rollout) bool {
	return slices.Contains(object.Finalizers, v1alpha1.FinalizerCluster)
}

// finalizers writes those of a Rollout, if nothing else of it changed meanwhile.
func (r *Reconciler) finalizers(
	ctx context.Context, object *v1alpha1.Rollout, names []string,
) (*v1alpha1.Rollout, error) {
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": object.UID, "resourceVersion": object.ResourceVersion, "finalizers": names,
	}})
	if err != nil {
		return nil, err
	}
	written, err := r.Client.ArgoprojV1alpha1().Rollouts(object.Namespace).
		Patch(ctx, object.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if err != nil {
		return nil, fmt.Errorf("write the finalizers of Rollout %s: %w", object.Name, err)
	}
	r.fresh.rollouts.Mutation(written)
	return written, nil
}

// errStillThere says that ReplicaSets were deleted and are not gone yet.
var errStillThere = errors.New("its ReplicaSets are not gone yet")

// letGo deletes what a Rollout that is being deleted has in its cluster, and lets it go once that is gone. It says
// why it does not.
func (r *Reconciler) letGo(ctx context.Context, object *v1alpha1.Rollout) (time.Duration, error) {
	at, err := r.site(ctx, object)
	if err == nil {
		err = at.clear(ctx, object)
	}
	switch {
	case err == nil:
		_, err = r.finalizers(ctx, object, slices.DeleteFunc(slices.Clone(object.Finalizers),
			func(name string) bool { return name == v1alpha1.FinalizerCluster }))
		return 0, ignoreNotFound(err)
	case errors.Is(err, errStillThere):
		return time.Second, nil
	case errors.Is(err, errNotKnown) || ctx.Err() != nil:
		return r.stay(ctx, object, err)
	default:
		return r.stay(ctx, object, undeletableError{fmt.Errorf("it is not deleted, as its ReplicaSets cannot be: %w; "+
			"to leave them where they are, remove the finalizer %s", err, v1alpha1.FinalizerCluster)})
	}
}

// clear deletes the ReplicaSets of a Rollout, as the cluster itself lists them, and fails until there are none.
func (s *site) clear(ctx context.Context, object *v1alpha1.Rollout) error {
	sets := s.client.AppsV1().ReplicaSets(object.Namespace)
	mine := metav1.ListOptions{LabelSelector: v1alpha1.LabelRolloutUID + "=" + string(object.UID)}
	list, err := sets.List(ctx, mine)
	if err != nil {
		return err
	}
	if len(list.Items) == 0 {
		return nil
	}
	background := metav1.DeletePropagationBackground
	for i := range list.Items {
		set := &list.Items[i]
		if set.DeletionTimestamp != nil {
			continue
		}
		err = sets.Delete(ctx, set.Name, metav1.DeleteOptions{
			Preconditions: metav1.NewUIDPreconditions(string(set.UID)), PropagationPolicy: &background,
		})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("delete ReplicaSet %s: %w", set.Name, err)
		}
	}
	return errStillThere
}

// undeletableError is why a Rollout that is being deleted must wait.
type undeletableError struct{ problem error }

// Error returns the problem.
func (e undeletableError) Error() string { return e.problem.Error() }

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
