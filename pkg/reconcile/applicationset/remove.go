// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Finalizer keeps an ApplicationSet until its Applications were deleted or let go. With it
// a deletion is told, never guessed from a set that is missing, and needs no garbage collector.
const Finalizer = "capstan.dev/applications"

// remove deletes the Applications of a set that is deleted, or lets them go, and then the
// set. They are read from the API: the watch may not have told of the newest.
func (r *Reconciler) remove(ctx context.Context, set *v1alpha1.ApplicationSet) error {
	if !slices.Contains(set.Finalizers, Finalizer) {
		return nil
	}
	listed, err := r.Client.ArgoprojV1alpha1().Applications(set.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list the Applications of ApplicationSet %s: %w", set.Name, err)
	}
	var tasks []task
	apps := map[string]*v1alpha1.Application{}
	for i := range listed.Items {
		if app := &listed.Items[i]; metav1.IsControlledBy(app, set) {
			apps[app.Name] = app
			tasks = append(tasks, task{v1alpha1.ApplicationSetReasonDeleteApplicationError,
				func(ctx context.Context) error { return r.dismiss(ctx, set, app) }})
		}
	}
	failed, retry := runAll(ctx, tasks)
	if len(failed) > 0 {
		seen := observation{apps: apps, generated: true, problems: failed}
		return errors.Join(retry, r.report(ctx, set, seen))
	}
	if retry != nil {
		return retry
	}
	return r.release(ctx, set)
}

// dismiss ends what one Application has to do with a set that is deleted (as Argo CD 3.5:
// where applicationsSync forbids deletions, the Applications outlive the set).
func (r *Reconciler) dismiss(ctx context.Context, set *v1alpha1.ApplicationSet, app *v1alpha1.Application) error {
	if orphans(set) || !mayDelete(set) {
		changed := app.DeepCopy()
		changed.OwnerReferences = slices.DeleteFunc(changed.OwnerReferences, func(owner metav1.OwnerReference) bool {
			return owner.UID == set.UID
		})
		return r.update(ctx, set, changed)
	}
	preserve := set.Spec.SyncPolicy != nil && set.Spec.SyncPolicy.PreserveResourcesOnDeletion != nil &&
		*set.Spec.SyncPolicy.PreserveResourcesOnDeletion
	bare := preserve || !r.placed(app.Spec.Destination)
	if app.DeletionTimestamp == nil {
		return r.delete(ctx, set, app, bare)
	}
	if bare {
		return r.strip(ctx, app)
	}
	return nil
}

// orphans reports whether the deletion asked to keep the Applications (kubectl delete
// --cascade=orphan).
func orphans(set *v1alpha1.ApplicationSet) bool {
	return slices.Contains(set.Finalizers, metav1.FinalizerOrphanDependents)
}

// release lets the set go. The orphan finalizer has done its part: without a garbage
// collector nobody else would take it off.
func (r *Reconciler) release(ctx context.Context, set *v1alpha1.ApplicationSet) error {
	changed := set.DeepCopy()
	changed.Finalizers = slices.DeleteFunc(changed.Finalizers, func(name string) bool {
		return name == Finalizer || name == metav1.FinalizerOrphanDependents
	})
	_, err := r.Client.ArgoprojV1alpha1().ApplicationSets(set.Namespace).Update(ctx, changed, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("release ApplicationSet %s: %w", set.Name, err)
	}
	return nil
}
