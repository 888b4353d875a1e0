// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// farewell runs the hooks of one phase of a deletion.
func (r *Reconciler) farewell(ctx context.Context, d *departure, phase plan.Phase) (done bool, err error) {
	if err := r.recall(ctx, d); err != nil {
		return false, err
	}
	hooks := plan.Named(d.desired.hooks, d.desired.seen, d.app.DeletionTimestamp.Time)
	hooks = slices.DeleteFunc(hooks, func(hook plan.Hook) bool { return hook.Phase != phase })
	next := plan.Farewell(hooks, d.objects)
	c := &course{run: &run{}}
	if failure := r.clear(ctx, &d.pass, c, next); failure != "" {
		return false, errors.New(failure)
	}
	if next.Failure != "" {
		return false, errors.New(next.Failure)
	}
	return next.Done, r.wave(ctx, d, next.Begin)
}

// recall reads the hooks that Git has, or that were approved where the gate is before the destination, and their
// objects.
func (r *Reconciler) recall(ctx context.Context, d *departure) (err error) {
	if d.gate.Gated {
		err = r.recallApproved(ctx, d)
	} else if d.from, err = originOf(d.app, nil); err == nil {
		err = r.want(ctx, &d.pass, d.state)
	}
	if err != nil {
		return err
	}
	return r.survey(ctx, d, d.desired)
}

// recallApproved takes the hooks from the Plan that was deployed: whoever pushed since was approved by nobody.
func (r *Reconciler) recallApproved(ctx context.Context, d *departure) error {
	made, err := r.deployed(ctx, &d.pass, d.state)
	switch {
	case err != nil:
		return err
	case made == nil && deployedNothing(d.state):
		d.desired = &desired{}
		return nil
	case made == nil:
		return errors.New("its hooks were never approved with a Plan")
	}
	d.desired, d.prepared, err = r.desiredOf(ctx, &d.pass, made)
	return err
}

// wave makes the objects of hooks of a deletion. What became of them is told by the objects alone.
func (r *Reconciler) wave(ctx context.Context, d *departure, hooks []plan.Hook) error {
	if len(hooks) == 0 {
		return nil
	}
	bytes, err := r.bytesOf(ctx, &d.pass)
	if err != nil {
		return err
	}
	changes := make([]apply.Change, 0, len(hooks))
	for _, hook := range hooks {
		m, err := hook.Object(bytes.hooks[hook.Manifest], r.instanceName(d.app), r.Settings().InstanceLabel)
		if err != nil {
			return err
		}
		changes = append(changes, apply.Change{Action: apply.Apply, Manifest: m})
	}
	results := r.apply(ctx, &d.pass, changes, apply.Options{})
	if failure := failuresOf("hooks could not be made", results); failure != "" {
		return errors.New(failure)
	}
	return nil
}

// parting takes away the hooks of a deletion when it has come to its end.
func (r *Reconciler) parting(ctx context.Context, d *departure) (done bool, err error) {
	if err := r.recall(ctx, d); err != nil {
		return false, err
	}
	remove, release := plan.Parting(d.objects)
	failure := r.clear(ctx, &d.pass, &course{run: &run{}}, plan.Next{Remove: remove, Release: release})
	if failure != "" {
		return false, errors.New(failure)
	}
	return true, nil
}

// keepFarewell gives an Application the finalizers of the deletion hooks that Git has, and
// takes those that it has no hooks for any more (as Argo CD 3.5: controller/appcontroller.go).
func (r *Reconciler) keepFarewell(ctx context.Context, p *pass) error {
	if p.desired == nil || !p.read.whole() || p.app.Operation != nil {
		return nil
	}
	finalizers := slices.Clone(p.app.Finalizers)
	for phase, name := range map[plan.Phase]string{
		plan.PreDelete: v1alpha1.PreDeleteFinalizerName, plan.PostDelete: v1alpha1.PostDeleteFinalizerName,
	} {
		has := slices.ContainsFunc(p.desired.hooks, func(hook plan.Hook) bool { return hook.Phase == phase })
		for _, finalizer := range []string{name, name + cleanup} {
			at := slices.Index(finalizers, finalizer)
			switch {
			case has && at < 0:
				finalizers = append(finalizers, finalizer)
			case !has && at >= 0:
				finalizers = slices.Delete(finalizers, at, at+1)
			}
		}
	}
	if len(finalizers) == len(p.app.Finalizers) {
		return nil
	}
	slices.Sort(finalizers)
	changed := p.app.DeepCopy()
	changed.Finalizers = finalizers
	_, err := r.Client.ArgoprojV1alpha1().Applications(p.app.Namespace).Update(ctx, changed, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("set the finalizers of Application %s/%s: %w", p.app.Namespace, p.app.Name, err)
	}
	r.Metrics.writes.Inc()
	return nil
}
