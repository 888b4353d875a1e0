// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// deployed is the Plan by which the destination holds what it holds, nil where nothing was deployed there through the
// gate. What was applied in another cluster, or before there was a gate, nobody approved for this one.
func (r *Reconciler) deployed(ctx context.Context, p *pass, s *state) (*capstan.Plan, error) {
	last := before(s).Deployed
	if last == nil {
		return nil, nil
	}
	made, err := r.Desk.Plan(ctx, p.app.Namespace, last.Plan)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	case made.Spec.Manifests != last.Manifests || !isOf(made, p.app, p.target.Status().UID):
		return nil, nil
	}
	return made, nil
}

// isOf reports that a Plan is of an Application, and of the cluster of a UID.
func isOf(made *capstan.Plan, app *v1alpha1.Application, cluster types.UID) bool {
	return made.Spec.Application.UID == app.UID && made.Spec.Destination.UID == cluster
}

// owed tells what has to be approved from what was approved and somebody changed by hand, with the Plan that was
// deployed. Where none was, there is nothing to put back, and all that is pending has to be approved.
func (r *Reconciler) owed(
	ctx context.Context, p *pass, s *state, f facts,
) (news, drift []plan.Change, last *capstan.Plan, err error) {
	pending := f.plan.Pending()
	if len(pending) == 0 {
		return nil, nil, nil, nil
	}
	if last, err = r.deployed(ctx, p, s); last == nil {
		return pending, nil, nil, err
	}
	news, drift = split(pending, f.applied)
	return news, drift, last, nil
}
