// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/live"
)

// mayRemove holds the deletion of a gated Application until a Plan is approved that lists all of its objects; the
// objects that the stages of a deletion take away are then those, and no others.
func (r *Reconciler) mayRemove(ctx context.Context, d *departure) (err error) {
	if d.gate, err = r.Desk.RequirementNow(ctx, d.app, d.target.Status().UID); err != nil || !d.gate.Gated {
		return err
	}
	if err = r.survey(ctx, d, &desired{}); err != nil {
		return err
	}
	now, err := r.current(ctx, d.app)
	if err != nil {
		return err
	}
	asked := r.Desk.Facts(ctx, now, d.target.Status().UID)
	if made := asked.Plan; made != nil && made.Spec.Kind == capstan.PlanDestroy && made.Status.StartedAt != nil {
		return d.within(made)
	}
	verdict := gate.Decide(asked)
	if verdict.Reason == gate.ReasonBlind {
		return errors.New(verdict.Message)
	}
	spec := r.destruction(d)
	spec.Requester = capstan.SyncRunRequester{Automated: true}
	if made := asked.Plan; made == nil || made.Spec.Kind != capstan.PlanDestroy || !sameContent(made.Spec, spec) {
		if asked.Plan, err = r.Desk.Propose(ctx, d.app, spec, nil, false); err != nil {
			return unplanned(err, d.app.Namespace)
		}
		asked.Approvals = nil
		verdict = gate.Decide(asked)
	}
	if !verdict.Allowed() {
		return errors.Join(fmt.Errorf("the gate holds it: %s", verdict.Message),
			r.Desk.Note(ctx, asked.Plan, statusOf(asked.Plan, verdict)))
	}
	_, err = r.Desk.Begin(ctx, asked, verdict)
	return err
}

// unplanned says why there is no Plan of a deletion.
func unplanned(err error, namespace string) error {
	if !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return err
	}
	return fmt.Errorf("namespace %s is being deleted, and takes no Plan any more that people could approve: what the "+
		"Application has in its destination stays there", namespace)
}

// destruction is the Plan of a deletion: every object that goes with the Application.
func (r *Reconciler) destruction(d *departure) capstan.PlanSpec {
	spec := r.headOf(&d.pass, d.state, capstan.PlanDestroy)
	spec.Prune = true
	for _, object := range d.doomed() {
		spec.Changes = append(spec.Changes, capstan.PlanChange{
			Action: capstan.ActionPrune, Group: object.Group, Kind: object.Kind, Namespace: object.Namespace,
			Name: object.Name, UID: object.UID,
		})
	}
	return spec
}

// doomed are the objects that a cascade takes away, in a steady order.
func (d *departure) doomed() []live.Object {
	keep := optionsOf(d.app).Keep
	objects := slices.DeleteFunc(slices.Clone(d.objects), func(o live.Object) bool { return spared(o, keep) })
	slices.SortFunc(objects, func(a, b live.Object) int { return strings.Compare(a.String(), b.String()) })
	return objects
}

// within fails where an object would go that the Plan does not list.
func (d *departure) within(made *capstan.Plan) error {
	for _, object := range d.doomed() {
		listed := slices.ContainsFunc(made.Spec.Changes, func(change capstan.PlanChange) bool {
			return change.UID == object.UID && change.Kind == object.Kind && change.Name == object.Name
		})
		if !listed {
			return fmt.Errorf("%s %s is not in Plan %s, by which the deletion was approved: take it out of the "+
				"Application, or remove the finalizer and delete by hand", object.Kind, object.Name, made.Name)
		}
	}
	return nil
}
