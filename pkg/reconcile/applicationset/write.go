// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/applicationset/generate"
)

// sideBySide is how many Applications of one set are written at a time.
const sideBySide = 10

// task is one write and the reason that its failure gets.
type task struct {
	reason string
	run    func(context.Context) error
}

// carryOut makes the changes of a decision: creates and updates, then deletes, and those
// only where nothing failed before. It returns all that is left undone, and an error where
// trying again may help.
func (r *Reconciler) carryOut(
	ctx context.Context, set *v1alpha1.ApplicationSet, d decision,
) ([]*generate.Failure, error) {
	var writes, deletes []task
	for _, app := range d.creates {
		writes = append(writes, task{v1alpha1.ApplicationSetReasonCreateApplicationError,
			func(ctx context.Context) error { return r.create(ctx, set, app) }})
	}
	for _, app := range d.updates {
		writes = append(writes, task{v1alpha1.ApplicationSetReasonUpdateApplicationError,
			func(ctx context.Context) error { return r.update(ctx, set, app) }})
	}
	for _, each := range d.deletes {
		deletes = append(deletes, task{v1alpha1.ApplicationSetReasonDeleteApplicationError,
			func(ctx context.Context) error { return r.delete(ctx, set, each.app, each.forsaken) }})
	}
	failed, retry := runAll(ctx, writes)
	if len(failed) == 0 && retry == nil {
		failed, retry = runAll(ctx, deletes)
	}
	return slices.Concat(d.problems, failed), retry
}

// runAll runs tasks side by side. Failures are in the order of the tasks; a conflict is
// none, as it goes away by itself, but an error.
func runAll(ctx context.Context, tasks []task) ([]*generate.Failure, error) {
	results := make([]error, len(tasks))
	var group errgroup.Group
	group.SetLimit(sideBySide)
	for i, each := range tasks {
		group.Go(func() error {
			results[i] = each.run(ctx)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var failed []*generate.Failure
	for i, err := range results {
		var known *generate.Failure
		switch {
		case err == nil || apierrors.IsConflict(err):
		case errors.As(err, &known):
			failed = append(failed, known)
		default:
			failed = append(failed, &generate.Failure{Reason: tasks[i].reason, Err: err})
		}
	}
	return failed, errors.Join(results...)
}

// create makes an Application. One that is there although the watch did not tell yet is
// fine where it is the set's own.
func (r *Reconciler) create(ctx context.Context, set *v1alpha1.ApplicationSet, app *v1alpha1.Application) error {
	apps := r.Client.ArgoprojV1alpha1().Applications(set.Namespace)
	_, err := apps.Create(ctx, onBehalf(set, app), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return r.recognize(ctx, set, app.Name)
	}
	if err != nil {
		return fmt.Errorf("create Application %s: %w", app.Name, err)
	}
	r.tell(set, "created", app.Name)
	return nil
}

// onBehalf names those who wrote an ApplicationSet as who writes its Application: the server writes for them.
func onBehalf(set *v1alpha1.ApplicationSet, app *v1alpha1.Application) *v1alpha1.Application {
	signed := app.DeepCopy()
	signed.Status.Editors = set.Status.Editors
	return signed
}

// recognize fails unless the Application of a name is the set's own.
func (r *Reconciler) recognize(ctx context.Context, set *v1alpha1.ApplicationSet, name string) error {
	app, err := r.Client.ArgoprojV1alpha1().Applications(set.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read Application %s: %w", name, err)
	}
	if !metav1.IsControlledBy(app, set) {
		return takenBy("", name)
	}
	return nil
}

// update writes an Application if it is still as the decision saw it.
func (r *Reconciler) update(ctx context.Context, set *v1alpha1.ApplicationSet, app *v1alpha1.Application) error {
	apps := r.Client.ArgoprojV1alpha1().Applications(set.Namespace)
	_, err := apps.Update(ctx, onBehalf(set, app), metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("update Application %s: %w", app.Name, err)
	}
	r.tell(set, "updated", app.Name)
	return nil
}

// delete removes an Application; its objects stay in the destination where bare.
func (r *Reconciler) delete(
	ctx context.Context, set *v1alpha1.ApplicationSet, app *v1alpha1.Application, bare bool,
) error {
	ready := r.sign
	if bare {
		ready = r.strip
	}
	if err := ready(ctx, onBehalf(set, app)); err != nil {
		return err
	}
	err := r.Client.ArgoprojV1alpha1().Applications(app.Namespace).Delete(ctx, app.Name, metav1.DeleteOptions{
		Preconditions: metav1.NewUIDPreconditions(string(app.UID)),
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete Application %s: %w", app.Name, err)
	}
	r.tell(set, "deleted", app.Name)
	return nil
}

// sign notes on an Application for whom the server deletes it: they ask for what goes with it.
func (r *Reconciler) sign(ctx context.Context, app *v1alpha1.Application) error {
	if len(app.Status.Editors) == 0 {
		return nil
	}
	_, err := r.Client.ArgoprojV1alpha1().Applications(app.Namespace).Update(ctx, app, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("note who has Application %s deleted: %w", app.Name, err)
	}
	return nil
}

// strip takes the finalizers off with which an Application's objects would go.
func (r *Reconciler) strip(ctx context.Context, app *v1alpha1.Application) error {
	kept := slices.DeleteFunc(slices.Clone(app.Finalizers), func(finalizer string) bool {
		return finalizer == v1alpha1.ResourcesFinalizerName ||
			strings.HasPrefix(finalizer, v1alpha1.ResourcesFinalizerName+"/")
	})
	if len(kept) == len(app.Finalizers) {
		return nil
	}
	changed := app.DeepCopy()
	changed.Finalizers = kept
	_, err := r.Client.ArgoprojV1alpha1().Applications(app.Namespace).Update(ctx, changed, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("take the finalizer off Application %s: %w", app.Name, err)
	}
	return nil
}

func (r *Reconciler) tell(set *v1alpha1.ApplicationSet, what, name string) {
	r.Events.Eventf(set, nil, corev1.EventTypeNormal, what, "Reconcile", "%s Application %q", what, name)
}
