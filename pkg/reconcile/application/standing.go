// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// before is how the gated Application stood after the last pass.
func before(s *state) v1alpha1.ApplicationGate {
	if s.written.Gate == nil {
		return v1alpha1.ApplicationGate{}
	}
	return *s.written.Gate
}

// stand begins to tell how a gated Application stands: since when Git wants something else than what is deployed, and
// since when the destination holds something else. The times stay as long as that lasts.
func stand(p *pass, s *state, lags, drifts bool, now metav1.Time) {
	old := before(s)
	p.standing = &v1alpha1.ApplicationGate{
		State: v1alpha1.GateOpen, Plan: old.Plan, Policies: p.gate.Policies, Deployed: old.Deployed,
		LagSince: since(old.LagSince, lags, now), DriftSince: since(old.DriftSince, drifts, now),
		Emergencies: old.Emergencies,
	}
}

func since(begun *metav1.Time, holds bool, now metav1.Time) *metav1.Time {
	switch {
	case !holds:
		return nil
	case begun != nil:
		return begun
	default:
		return &now
	}
}

// waits tells what the gate waits for.
func waits(standing *v1alpha1.ApplicationGate, made *capstan.Plan, verdict gate.Verdict) {
	standing.Plan, standing.Message, standing.Freeze = made.Name, verdict.Message, verdict.Freeze
	switch verdict.Reason {
	case gate.ReasonApprovalRequired:
		standing.State = v1alpha1.GateAwaitingApproval
	case gate.ReasonRejected:
		standing.State = v1alpha1.GateRejected
	case gate.ReasonGranted, gate.ReasonBreakGlass:
		standing.State = v1alpha1.GateApproved
	case gate.ReasonFrozen:
		standing.State = v1alpha1.GateFrozen
	default:
		standing.State = v1alpha1.GateHeld
	}
}

// statusOf is what the gate says of a Plan that was not used yet.
func statusOf(made *capstan.Plan, verdict gate.Verdict) capstan.PlanStatus {
	status := capstan.PlanStatus{
		Phase: made.Status.Phase, Message: verdict.Message, Missing: verdict.Missing, PinnedBy: made.Status.PinnedBy,
	}
	switch {
	case verdict.Allowed() || verdict.Reason == gate.ReasonFrozen:
		status.Phase = capstan.PlanApproved
	case verdict.Reason == gate.ReasonRejected:
		status.Phase = capstan.PlanRejected
	case verdict.Reason == gate.ReasonApprovalRequired:
		status.Phase = capstan.PlanPending
	}
	return status
}

// foldGate writes how the Application stands; what was not looked at stays as it was.
func foldGate(status *v1alpha1.ApplicationStatus, seen observation) {
	switch {
	case seen.standing != nil:
		status.Gate = seen.standing
	case seen.ungated:
		status.Gate = nil
	}
	done := seen.run
	if status.Gate != nil && done != nil && done.deploys != nil && !done.finished.IsZero() && !done.failed {
		status.Gate.Deployed = done.deploys
	}
}
