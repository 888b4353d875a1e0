// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"slices"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/project"
)

// freeze says whether a freeze keeps the next wave of a Plan that began from going on, and tells so.
func (r *Reconciler) freeze(ctx context.Context, p *pass, used *capstan.Plan) (project.Opening, error) {
	on := p.gate.Frozen(r.Clock.Now())
	if on == nil {
		return project.Opening{}, nil
	}
	approvers, _, err := r.Desk.Approvers(ctx, used)
	if err != nil || urgent(approvers) {
		return project.Opening{}, err
	}
	p.standing.State, p.standing.Freeze, p.standing.Message = v1alpha1.GateFrozen, on, gate.FreezeText(on)
	return shutBy(on), nil
}

// urgent reports that a Plan began in an emergency, which no freeze holds.
func urgent(approvers []capstan.SyncRunApprover) bool {
	return slices.ContainsFunc(approvers, func(a capstan.SyncRunApprover) bool {
		return a.Decision == capstan.DecisionBreakGlass
	})
}

// shutBy is a freeze as what keeps a sync from going on.
func shutBy(on *v1alpha1.GateFreeze) project.Opening {
	if on == nil {
		return project.Opening{}
	}
	shut := project.Opening{Closed: gate.FreezeText(on)}
	if on.Until != nil {
		shut.Until = on.Until.Time
	}
	return shut
}
