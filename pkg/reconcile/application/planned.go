// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"slices"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
	"github.com/capstan-dev/capstan/pkg/render"
)

// planned is a pass over what a Plan would deploy, in place of what Git wants now, with what there is to do. The bytes
// are those that were kept with the Plan: nothing is rendered.
func (r *Reconciler) planned(
	ctx context.Context, p *pass, s *state, made *capstan.Plan,
) (*pass, []plan.Change, error) {
	q, err := *p, error(nil)
	q.stock, q.prune, q.read = nil, made.Spec.Prune, rendering{}
	if q.desired, q.prepared, err = r.desiredOf(ctx, p, made); err != nil {
		return nil, nil, err
	}
	s.promised = q.desired.kinds
	if err := r.compare(ctx, &q, s); err != nil {
		return nil, nil, err
	}
	return &q, q.plan.Pending(), nil
}

// desiredOf is what a Plan would deploy, with the bytes that were kept with it.
func (r *Reconciler) desiredOf(
	ctx context.Context, p *pass, made *capstan.Plan,
) (*desired, *plan.Prepared, error) {
	kept, err := r.Desk.Manifests(ctx, made)
	if err != nil {
		return nil, nil, err
	}
	prepared, err := r.prepare(ctx, p.app, p.owner, p.target, render.Output{Manifests: kept})
	if err != nil {
		return nil, nil, err
	}
	_, digest, err := manifest.Pack(whole(prepared))
	if err != nil {
		return nil, nil, err
	}
	if digest != made.Spec.Manifests {
		return nil, nil, fmt.Errorf("the manifests of Plan %s would be applied in another way than when it was made: "+
			"make another Plan", made.Name)
	}
	return &desired{
		made: input{rendered: manifest.DigestOf([]byte(digest)), server: p.target.Server()},
		seen: made.Spec.Revision, revision: made.Spec.Revision, revisions: made.Spec.Revisions,
		objects: prepared.Desired, hooks: prepared.Hooks, apart: keysOf(prepared.HookManifests),
		kinds: kindsOf(whole(prepared)), repeated: prepared.Repeated, summary: summaryOf(prepared.Manifests),
		driven: drivenBy(prepared.Manifests),
	}, &prepared, nil
}

// whole are all manifests of a sync, in the order in which a Plan keeps them.
func whole(prepared plan.Prepared) []manifest.Manifest {
	return slices.Concat(prepared.Manifests, prepared.HookManifests)
}

// strayed names a change that the Plan does not list although it would take something away: what was approved is the
// end of these very objects, and of no others.
func strayed(q *pass, made *capstan.Plan, pending []plan.Change) string {
	for _, change := range pending {
		action := plannedAction(change)
		if action != capstan.ActionPrune && action != capstan.ActionRecreate {
			continue
		}
		if !slices.Contains(made.Spec.Changes, changeOf(change)) {
			return fmt.Sprintf("%s %s would be taken away, and Plan %s does not list that", change.Kind, change.Name, made.Name)
		}
	}
	if q.app.UID != made.Spec.Application.UID {
		return "Plan " + made.Name + " is of another Application"
	}
	return ""
}

// changeOf is a change as a Plan lists it.
func changeOf(change plan.Change) capstan.PlanChange {
	listed := capstan.PlanChange{
		Action: plannedAction(change), Group: change.Group, Kind: change.Kind, Namespace: change.Namespace,
		Name: change.Name, UID: change.UID,
	}
	if listed.Action == capstan.ActionCreate {
		listed.UID = ""
	}
	return listed
}

// plannedAction is what may become of an object: one that is replaced by force may be deleted and made anew.
func plannedAction(change plan.Change) capstan.SyncRunAction {
	action := actionOf(change)
	if action == capstan.ActionUpdate && change.How&plan.Force != 0 {
		return capstan.ActionRecreate
	}
	return action
}

func withoutPrunes(changes []plan.Change) []plan.Change {
	return slices.DeleteFunc(slices.Clone(changes), func(change plan.Change) bool {
		action := plannedAction(change)
		return action == capstan.ActionPrune || action == capstan.ActionRecreate
	})
}

// planOf is the name of the Plan that an operation carries out, as the server noted it, "" where there is none.
func planOf(operation v1alpha1.Operation) string {
	for _, info := range operation.Info {
		if info.Name == v1alpha1.InfoPlan {
			return info.Value
		}
	}
	return ""
}
