// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/project"
)

func TestAFreezeKeepsASyncFromGoingOnAsAWindowDoes(t *testing.T) {
	t.Parallel()
	until := metav1.NewTime(time.Date(2026, 12, 27, 0, 0, 0, 0, time.UTC))
	for name, test := range map[string]struct {
		freeze *v1alpha1.GateFreeze
		want   project.Opening
	}{
		"none shuts nothing": {nil, project.Opening{}},
		"one that ends is looked at then": {&v1alpha1.GateFreeze{Name: "holidays", Until: &until}, project.Opening{
			Closed: "freeze holidays lasts at least until 2026-12-27T00:00:00Z", Until: until.Time,
		}},
		"one that cannot be read is not": {&v1alpha1.GateFreeze{Name: "broken", Reason: "audit"}, project.Opening{
			Closed: "freeze broken (audit) lasts until the policy is changed",
		}},
	} {
		if diff := cmp.Diff(test.want, shutBy(test.freeze)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOnlyWhatBeganInAnEmergencyGoesOnInAFreeze(t *testing.T) {
	t.Parallel()
	approved := capstan.SyncRunApprover{Decision: capstan.DecisionApprove}
	broken := capstan.SyncRunApprover{Decision: capstan.DecisionBreakGlass}
	for name, test := range map[string]struct {
		by   []capstan.SyncRunApprover
		goes bool
	}{
		"nobody": {nil, false}, "approvers": {[]capstan.SyncRunApprover{approved, approved}, false},
		"who broke the gate": {[]capstan.SyncRunApprover{broken}, true},
	} {
		if urgent(test.by) != test.goes {
			t.Errorf("what %s let through goes on: %t", name, !test.goes)
		}
	}
}

func TestAFrozenPlanIsApprovedAndSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	made := &capstan.Plan{ObjectMeta: metav1.ObjectMeta{Name: "web-1"}}
	freeze := &v1alpha1.GateFreeze{Name: "holidays"}
	verdict := gate.Verdict{Decision: gate.Hold, Reason: gate.ReasonFrozen, Message: "wait", Freeze: freeze}
	standing := &v1alpha1.ApplicationGate{}
	waits(standing, made, verdict)
	want := &v1alpha1.ApplicationGate{State: v1alpha1.GateFrozen, Plan: "web-1", Message: "wait", Freeze: freeze}
	if diff := cmp.Diff(want, standing); diff != "" {
		t.Errorf("the Application stands so (-want +got):\n%s", diff)
	}
	if phase := statusOf(made, verdict).Phase; phase != capstan.PlanApproved {
		t.Errorf("the Plan is %s", phase)
	}
	if !open(verdict) {
		t.Error("another Plan takes its place")
	}
}
