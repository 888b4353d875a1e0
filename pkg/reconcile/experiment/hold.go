// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/experiment"
	"github.com/capstan-dev/capstan/pkg/reconcile/held"
)

// stay says why an Experiment cannot be carried out where its pods are, and does nothing else.
func (r *Reconciler) stay(
	ctx context.Context, object *v1alpha1.Experiment,
	decide func(experiment.Facts, error) experiment.Decision, reason error,
) (time.Duration, error) {
	decision := decide(experiment.Facts{Experiment: object, Now: r.Clock.Now()}, reason)
	if err := r.write(ctx, object, decision.Status); err != nil {
		return 0, err
	}
	r.tell(object, decision.Events)
	return decision.Again, nil
}

// hold keeps an Experiment whose pods are in another cluster from going before they do: no garbage collector there
// knows it.
func (r *Reconciler) hold(ctx context.Context, object *v1alpha1.Experiment) (*v1alpha1.Experiment, error) {
	if experiment.ClusterOf(object) == "" || held.Is(object) {
		return object, nil
	}
	body, err := held.Hold(object)
	if err != nil {
		return object, err
	}
	return r.finalize(ctx, object, body)
}

// finalize writes the finalizers of an Experiment.
func (r *Reconciler) finalize(
	ctx context.Context, object *v1alpha1.Experiment, body []byte,
) (*v1alpha1.Experiment, error) {
	stored, err := r.Client.ArgoprojV1alpha1().Experiments(object.Namespace).
		Patch(ctx, object.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if err != nil {
		return object, fmt.Errorf("write the finalizers of Experiment %s: %w", object.Name, err)
	}
	r.experiments.Mutation(stored)
	return stored, nil
}

// letGo deletes what an Experiment that is being deleted has in its cluster, and lets it go once that is gone. It says
// why it does not.
func (r *Reconciler) letGo(ctx context.Context, object *v1alpha1.Experiment) (time.Duration, error) {
	there, err := r.site(ctx, object)
	left := 0
	if err == nil {
		left, err = there.clear(ctx, object)
	}
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		return r.stay(ctx, object, experiment.Undeletable, fmt.Errorf("it is not deleted, as what it has there cannot be: "+
			"%w; to leave that where it is, remove the finalizer %s", err, v1alpha1.FinalizerCluster))
	case left > 0:
		return time.Second, nil
	}
	body, err := held.LetGo(object)
	if err == nil {
		_, err = r.finalize(ctx, object, body)
	}
	if apierrors.IsNotFound(err) {
		return 0, nil
	}
	return 0, err
}

// clear deletes what an Experiment has in another cluster, as that was listed, and returns how much there was.
func (s *site) clear(ctx context.Context, object *v1alpha1.Experiment) (int, error) {
	sets, err := s.sets.ByIndex(Kind, string(object.UID))
	if err != nil {
		return 0, err
	}
	services, err := s.services.ByIndex(Kind, string(object.UID))
	if err != nil {
		return 0, err
	}
	deletion := map[string]func(context.Context, string, metav1.DeleteOptions) error{
		"ReplicaSet": s.client.AppsV1().ReplicaSets(object.Namespace).Delete,
		"Service":    s.client.CoreV1().Services(object.Namespace).Delete,
	}
	for kind, listed := range map[string][]any{"ReplicaSet": sets, "Service": services} {
		for _, one := range listed {
			described, err := meta.Accessor(one)
			if err == nil {
				err = held.Remove(ctx, described, deletion[kind])
			}
			if err != nil {
				return 0, fmt.Errorf("delete a %s: %w", kind, err)
			}
		}
	}
	return len(sets) + len(services), nil
}
