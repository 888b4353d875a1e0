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

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// stage is one part of a deletion: it is done before its finalizer goes.
type stage struct {
	finalizer func(string) bool
	name      string
	run       func(context.Context, *departure) (done bool, err error)
	// needless reports that there is nothing to do, wherever the destination is.
	needless func(*state) bool
}

// stages are the parts of a deletion in their order (as Argo CD 3.5: controller/
// appcontroller.go finalizeApplicationDeletion).
func (r *Reconciler) stages() []stage {
	farewell := func(phase plan.Phase) func(context.Context, *departure) (bool, error) {
		return func(ctx context.Context, d *departure) (bool, error) { return r.farewell(ctx, d, phase) }
	}
	never := func(*state) bool { return false }
	exactly := func(name string) func(string) bool { return func(given string) bool { return given == name } }
	return []stage{
		{exactly(v1alpha1.PreDeleteFinalizerName), "run the PreDelete hooks", farewell(plan.PreDelete), never},
		{isResourcesFinalizer, "delete the resources", r.cascade, deployedNothing},
		{exactly(v1alpha1.PostDeleteFinalizerName), "run the PostDelete hooks", farewell(plan.PostDelete), never},
		{isCleanup, "delete the hooks", r.parting, never},
	}
}

// departure is one look at an Application that is being deleted.
type departure struct {
	pass
	state   *state
	objects []live.Object
}

// remove takes an Application that is being deleted one stage further, and lets it go when
// nothing is left. What cannot be read holds it, and says so.
func (r *Reconciler) remove(ctx context.Context, app *v1alpha1.Application, s *state) (time.Duration, error) {
	d := &departure{pass: pass{app: app}, state: s}
	for _, stage := range r.stages() {
		at := slices.IndexFunc(app.Finalizers, stage.finalizer)
		if at < 0 {
			continue
		}
		done, err := r.pursue(ctx, d, stage)
		if err != nil {
			d.problems = append(d.problems, v1alpha1.ApplicationCondition{
				Type: v1alpha1.ApplicationConditionDeletionError, Message: fmt.Sprintf(
					"cannot %s: %v; to go on without that, remove the finalizer %s", stage.name, err, app.Finalizers[at]),
			})
		}
		if err != nil || !done {
			return blind, r.lament(ctx, d)
		}
		return behind, r.release(ctx, d, stage.finalizer)
	}
	r.forget(app)
	return 0, nil
}

// deployedNothing reports an Application that is at no destination.
func deployedNothing(s *state) bool { return len(s.applied) == 0 && len(s.written.Resources) == 0 }

// pursue looks at the destination, and does what a stage does there.
func (r *Reconciler) pursue(ctx context.Context, d *departure, stage stage) (done bool, err error) {
	if stage.needless(d.state) {
		return true, nil
	}
	if d.target, d.owner, err = r.place(d.app); err != nil {
		return false, err
	}
	if err = d.target.Connect(ctx); err != nil {
		return false, err
	}
	if err = r.mayRemove(ctx, d); err != nil {
		return false, err
	}
	return stage.run(ctx, d)
}

// survey reads what the Application has in its destination.
func (r *Reconciler) survey(ctx context.Context, d *departure, wanted *desired) error {
	seen, err := r.read(ctx, &d.pass, d.state, wanted, nil)
	if err == nil {
		err = stale(seen)
	}
	d.objects = slices.DeleteFunc(seen.Objects, func(o live.Object) bool { return o.UID == d.app.UID })
	return err
}

// lament writes the conditions of a deletion, where they are new.
func (r *Reconciler) lament(ctx context.Context, d *departure) error {
	status := *d.state.written.DeepCopy()
	status.Conditions = mergeConditions(status.Conditions, d.problems, r.now())
	if sameConditions(status.Conditions, d.state.written.Conditions) {
		return nil
	}
	return r.write(ctx, d.app, d.state, status)
}

// release takes the finalizer of a stage off.
func (r *Reconciler) release(ctx context.Context, d *departure, finalizer func(string) bool) error {
	changed := d.app.DeepCopy()
	changed.Finalizers = slices.DeleteFunc(changed.Finalizers, finalizer)
	written, err := r.Client.ArgoprojV1alpha1().Applications(d.app.Namespace).Update(ctx, changed, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("release Application %s/%s: %w", d.app.Namespace, d.app.Name, err)
	}
	d.state.version = versionOf(written)
	return nil
}

func isResourcesFinalizer(name string) bool {
	return name == v1alpha1.ResourcesFinalizerName || strings.HasPrefix(name, v1alpha1.ResourcesFinalizerName+"/")
}

func isCleanup(name string) bool {
	return name == v1alpha1.PreDeleteFinalizerName+cleanup || name == v1alpha1.PostDeleteFinalizerName+cleanup
}

const cleanup = "/cleanup"

func sameConditions(a, b []v1alpha1.ApplicationCondition) bool {
	return slices.EqualFunc(a, b, func(x, y v1alpha1.ApplicationCondition) bool {
		return x.Type == y.Type && x.Message == y.Message
	})
}
