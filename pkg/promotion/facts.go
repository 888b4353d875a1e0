// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// Facts reads all that the gate decides by about the newest Plan of an Application which goes to the cluster of a UID.
// What could not be read is in the facts.
func (d *Desk) Facts(ctx context.Context, app *v1alpha1.Application, uid types.UID) gate.Facts {
	facts, err := d.read(ctx, app, uid)
	facts.Unreadable = err
	return facts
}

func (d *Desk) read(ctx context.Context, app *v1alpha1.Application, uid types.UID) (gate.Facts, error) {
	facts := gate.Facts{
		Application: app, ClusterUID: uid, Now: d.Clock.Now(), Deployed: Deployed(app),
		Holds: func(who capstan.Approver, role string) (bool, error) {
			return d.Roles.Holds(ctx, who, app.Namespace, role)
		},
	}
	book, err := d.rules.read(ctx)
	if err != nil {
		return facts, err
	}
	facts.Requirement = gate.RequirementOf(app, uid, book.policies, book.clusters)
	if !facts.Requirement.Gated {
		return facts, nil
	}
	said, err := d.approvals(ctx, app)
	if err != nil {
		return facts, err
	}
	facts.Grants = only(said, func(a *capstan.Approval) bool { return a.Spec.Decision == capstan.DecisionBreakGlass })
	plans, err := d.PlansOf(ctx, app)
	if err != nil || len(plans) == 0 {
		return facts, err
	}
	facts.Plan = Newest(plans)
	facts.Approvals = only(said, func(a *capstan.Approval) bool { return a.Spec.Plan == facts.Plan.Name })
	facts.Target, err = d.target(ctx, facts.Plan)
	return facts, err
}

// Deployed is the digest of what was deployed through the gate last.
func Deployed(app *v1alpha1.Application) string {
	if app.Status.Gate == nil || app.Status.Gate.Deployed == nil {
		return ""
	}
	return app.Status.Gate.Deployed.Manifests
}

// PlansOf reads the Plans of an Application, and of none that had its name before.
func (d *Desk) PlansOf(ctx context.Context, app *v1alpha1.Application) ([]*capstan.Plan, error) {
	list, err := d.Client.CapstanV1alpha1().Plans(app.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("spec.application.name", app.Name).String(),
	})
	if err != nil {
		return nil, fmt.Errorf("read the Plans of Application %s/%s: %w", app.Namespace, app.Name, err)
	}
	var plans []*capstan.Plan
	for i := range list.Items {
		if list.Items[i].Spec.Application.UID == app.UID {
			plans = append(plans, &list.Items[i])
		}
	}
	return plans, nil
}

// Newest is the Plan of the highest number, nil where there is none.
func Newest(plans []*capstan.Plan) *capstan.Plan {
	var newest *capstan.Plan
	for _, plan := range plans {
		if newest == nil || plan.Spec.Number > newest.Spec.Number ||
			plan.Spec.Number == newest.Spec.Number && plan.Digest > newest.Digest {
			newest = plan
		}
	}
	return newest
}

// approvals are all that was said of the Plans of an Application, and of those of others that had its name.
func (d *Desk) approvals(ctx context.Context, app *v1alpha1.Application) ([]*capstan.Approval, error) {
	list, err := d.Client.CapstanV1alpha1().Approvals(app.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("spec.application.name", app.Name).String(),
	})
	if err != nil {
		return nil, fmt.Errorf("read the Approvals of Application %s/%s: %w", app.Namespace, app.Name, err)
	}
	return pointers(list.Items), nil
}

func only(all []*capstan.Approval, which func(*capstan.Approval) bool) []*capstan.Approval {
	return slices.DeleteFunc(slices.Clone(all), func(a *capstan.Approval) bool { return !which(a) })
}

// target reads the deployment that a rollback goes back to, nil for other Plans and where it is no longer there.
func (d *Desk) target(ctx context.Context, plan *capstan.Plan) (*capstan.SyncRun, error) {
	if plan.Spec.Kind != capstan.PlanRollback {
		return nil, nil
	}
	run, err := d.Client.CapstanV1alpha1().SyncRuns(plan.Namespace).Get(ctx, plan.Spec.Run, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read SyncRun %s: %w", plan.Spec.Run, err)
	}
	return run, nil
}
