// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// remove deletes what an Application created where its finalizer asks for that, last first,
// and lets the Application go when nothing is left. A destination that cannot be read
// holds it, and says so.
func (r *Reconciler) remove(ctx context.Context, app *v1alpha1.Application, s *state) (time.Duration, error) {
	if !cascades(app) {
		return 0, r.release(ctx, app)
	}
	left, err := r.cascade(ctx, app, s)
	p := &pass{app: app}
	switch {
	case err != nil:
		p.problems = append(p.problems, v1alpha1.ApplicationCondition{
			Type: v1alpha1.ApplicationConditionDeletionError, Message: err.Error(),
		})
	case left == 0:
		return 0, r.release(ctx, app)
	}
	status := *s.written.DeepCopy()
	status.Conditions = mergeConditions(status.Conditions, p.problems, r.now())
	if len(status.Conditions)+len(s.written.Conditions) > 0 && !sameConditions(status.Conditions, s.written.Conditions) {
		if err := r.write(ctx, app, s, status); err != nil {
			return 0, err
		}
	}
	return blind, nil
}

// cascade deletes the last step of what is left, and returns how many objects there are.
func (r *Reconciler) cascade(ctx context.Context, app *v1alpha1.Application, s *state) (int, error) {
	if len(s.applied) == 0 {
		return 0, nil // it never deployed anything
	}
	target, _, err := r.place(app)
	if err != nil {
		return 0, fmt.Errorf("cannot delete the resources: %w; to leave them behind, remove the finalizer %s",
			err, v1alpha1.ResourcesFinalizerName)
	}
	if err = target.Connect(ctx); err != nil {
		return 0, fmt.Errorf("cannot delete the resources while the destination is unreachable: %w", err)
	}
	instance := r.instanceName(app)
	target.Use(ctx, instance, kindsInUse(&desired{}, s))
	seen, err := target.Live(instance, nil)
	if err == nil {
		err = stale(seen)
	}
	if err != nil {
		return 0, fmt.Errorf("cannot delete the resources: %w", err)
	}
	objects := slices.DeleteFunc(seen.Objects, spared)
	left := len(objects)
	steps := plan.Cascade(objects)
	if len(steps) == 0 {
		return left, nil
	}
	return left, r.deleteAll(ctx, target, steps[0], propagation(app))
}

func (r *Reconciler) deleteAll(
	ctx context.Context, target *cluster.Cluster, step plan.Step, policy metav1.DeletionPropagation,
) error {
	changes := make([]apply.Change, 0, len(step.Changes))
	for _, change := range step.Changes {
		changes = append(changes, removal(change, policy))
	}
	for _, result := range r.Applier.Apply(ctx, target, changes, apply.Options{}) {
		if result.Err != nil {
			return fmt.Errorf("delete %s: %w", result.Key, result.Err)
		}
	}
	return nil
}

// spared are the objects that outlive their Application: those that say so, and
// definitions, with which every object of their kind would go (as Argo CD 3.6:
// controller/appcontroller.go shouldBeDeleted).
func spared(object live.Object) bool {
	return object.Keep&live.KeepOnDelete != 0 || object.Kind == "CustomResourceDefinition"
}

func cascades(app *v1alpha1.Application) bool {
	return slices.ContainsFunc(app.Finalizers, isResourcesFinalizer)
}

func isResourcesFinalizer(name string) bool {
	return name == v1alpha1.ResourcesFinalizerName || strings.HasPrefix(name, v1alpha1.ResourcesFinalizerName+"/")
}

func propagation(app *v1alpha1.Application) metav1.DeletionPropagation {
	if slices.Contains(app.Finalizers, v1alpha1.BackgroundPropagationPolicyFinalizer) {
		return metav1.DeletePropagationBackground
	}
	return metav1.DeletePropagationForeground
}

// release takes the finalizers of this package off, and forgets the Application.
func (r *Reconciler) release(ctx context.Context, app *v1alpha1.Application) error {
	key := types.NamespacedName{Namespace: app.Namespace, Name: app.Name}
	kept := slices.DeleteFunc(slices.Clone(app.Finalizers), isResourcesFinalizer)
	if len(kept) < len(app.Finalizers) {
		changed := app.DeepCopy()
		changed.Finalizers = kept
		_, err := r.Client.ArgoprojV1alpha1().Applications(app.Namespace).Update(ctx, changed, metav1.UpdateOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("release Application %s: %w", key, err)
		}
	}
	r.forget(app)
	return nil
}

func sameConditions(a, b []v1alpha1.ApplicationCondition) bool {
	return slices.EqualFunc(a, b, func(x, y v1alpha1.ApplicationCondition) bool {
		return x.Type == y.Type && x.Message == y.Message
	})
}
