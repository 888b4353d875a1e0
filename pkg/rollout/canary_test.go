// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	healthy     = v1alpha1.RolloutPhaseHealthy
	paused      = v1alpha1.RolloutPhasePaused
	degraded    = v1alpha1.RolloutPhaseDegraded
	progressive = v1alpha1.RolloutPhaseProgressing
)

const tenFortyHundred = `
canary:
  steps:
  - setWeight: 10
  - pause: {duration: 5m}
  - setWeight: 40
  - pause: {duration: 10m}
  - setWeight: 100
`

func TestACanaryGoesThroughItsSteps(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	c.push(2)
	c.settle()
	c.expect(paused, 1, 9, 1)
	c.pass(4 * time.Minute)
	c.expect(paused, 1, 9, 1)
	c.pass(time.Minute)
	c.expect(paused, 3, 6, 4)
	c.pass(10 * time.Minute)
	c.expect(healthy, 5, 0, 10)
	if got := c.rollout.Status; got.StableRS != got.CurrentPodHash {
		t.Errorf("the stable revision is %s, want %s", got.StableRS, got.CurrentPodHash)
	}
	if c.writes > 10 || c.statuses > 7 {
		t.Errorf("%d writes of ReplicaSets and %d of the status, want at most 10 and 7", c.writes, c.statuses)
	}
	if c.settle(); c.statuses > 7 || c.writes > 10 {
		t.Errorf("a pass in which nothing happens writes")
	}
}

func TestAnAbortBringsTheStablePodsBackAndARetryStartsOver(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	c.push(2)
	c.settle()
	c.rollout.Status.Abort = true
	c.settle()
	c.expect(degraded, 0, 10, 0)
	if want := "RolloutAborted: Rollout aborted update to revision 2"; c.rollout.Status.Message != want {
		t.Errorf("message %q, want %q", c.rollout.Status.Message, want)
	}
	c.rollout.Status.Abort = false
	c.settle()
	c.expect(paused, 1, 9, 1)
}

func TestAnAbortOfWhatIsNotBeingUpdatedDoesNothing(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	c.rollout.Status.Abort = true
	c.settle()
	c.expect(healthy, 5, 10)
	if c.rollout.Status.Abort || c.writes > 0 {
		t.Errorf("abort is %v after %d writes of ReplicaSets", c.rollout.Status.Abort, c.writes)
	}
}

// What the peer's kubectl plugin writes into the status.
func TestPeopleGoOn(t *testing.T) {
	t.Parallel()
	const endless = "canary:\n  steps: [{setWeight: 20}, {pause: {}}, {setWeight: 60}, {pause: {}}]"
	cases := []struct {
		name  string
		write func(*v1alpha1.RolloutStatus)
		phase v1alpha1.RolloutPhase
		step  int32
		sizes []int32
	}{
		{"promote clears the pause", func(s *v1alpha1.RolloutStatus) { s.PauseConditions = nil }, paused, 3, []int32{4, 6}},
		{"promote clears the pause and names the next step", func(s *v1alpha1.RolloutStatus) {
			s.PauseConditions, s.CurrentStepIndex = nil, new(int32(2))
		}, paused, 3, []int32{4, 6}},
		{"promote --full skips the rest", func(s *v1alpha1.RolloutStatus) {
			s.PromoteFull = true
		}, healthy, 4, []int32{0, 10}},
		{"a step beyond the last is the end", func(s *v1alpha1.RolloutStatus) {
			s.PauseConditions, s.CurrentStepIndex = nil, new(int32(9))
		}, healthy, 4, []int32{0, 10}},
		{"a step before the first is the first", func(s *v1alpha1.RolloutStatus) {
			s.PauseConditions, s.CurrentStepIndex = nil, new(int32(-3))
		}, paused, 1, []int32{8, 2}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := deployed(t, 10, endless)
			c.push(2)
			c.settle()
			c.expect(paused, 1, 8, 2)
			tc.write(&c.rollout.Status)
			c.settle()
			c.expect(tc.phase, tc.step, tc.sizes...)
		})
	}
}

func TestAPersonStopsARollout(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	c.rollout.Spec.Paused = new(true)
	c.push(2)
	c.settle()
	c.expect(paused, 0, 10, 0)
	if want := "manually paused"; c.rollout.Status.Message != want {
		t.Errorf("message %q, want %q", c.rollout.Status.Message, want)
	}
	c.rollout.Spec.Paused = nil
	c.settle()
	c.expect(paused, 1, 9, 1)
}

func TestANewTemplateStartsTheStepsOver(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	c.push(2)
	c.settle()
	c.pass(5 * time.Minute)
	c.expect(paused, 3, 6, 4)
	c.push(3)
	c.settle()
	c.expect(paused, 1, 9, 0, 1)
}

func TestTheOldTemplateSkipsTheSteps(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	c.push(2)
	c.settle()
	c.push(1)
	c.settle()
	c.expect(healthy, 5, 10, 0)
	if !slices.Contains(c.events, "SkipSteps Rollback to stable ReplicaSets") {
		t.Errorf("events %q do not tell of it", c.events)
	}
}

func TestARollbackWithinTheWindowSkipsTheSteps(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	for tag := 2; tag < 4; tag++ {
		c.push(tag)
		c.settle()
		c.rollout.Status.PromoteFull = true
		c.settle()
	}
	c.rollout.Spec.RollbackWindow = &v1alpha1.RollbackWindowSpec{Revisions: new(int32(2))}
	c.push(2)
	c.settle()
	c.expect(healthy, 5, 0, 10, 0)
	c.rollout.Spec.RollbackWindow.Revisions = new(int32(0))
	c.push(1)
	c.settle()
	c.expect(paused, 1, 1, 9, 0)
}

func TestPodsThatDoNotComeUpHoldTheUpdate(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	c.push(2)
	for range 5 {
		c.decide()
	}
	c.expect(progressive, 0, 9, 1)
	c.now = c.now.Add(11 * time.Minute)
	c.decide()
	c.expect(degraded, 0, 9, 1)
	want := fmt.Sprintf("ProgressDeadlineExceeded: ReplicaSet %q has timed out progressing.", c.sets[1].Name)
	if c.rollout.Status.Message != want {
		t.Errorf("message %q, want %q", c.rollout.Status.Message, want)
	}
	c.settle()
	c.expect(paused, 1, 9, 1)
}

func TestTheDeadlineAbortsWhereTheSpecSaysSo(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	c.rollout.Spec.ProgressDeadlineAbort = new(true)
	c.push(2)
	c.decide()
	c.now = c.now.Add(11 * time.Minute)
	c.settle()
	c.expect(degraded, 0, 10, 0)
}

func TestAScaleKeepsTheWeight(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	c.push(2)
	c.settle()
	c.pass(5 * time.Minute)
	c.rollout.Spec.Replicas = new(int32(20))
	c.settle()
	c.expect(paused, 3, 12, 8)
	c.rollout.Spec.Replicas = new(int32(5))
	c.settle()
	c.expect(paused, 3, 3, 2)
}

func TestEveryPodIsRestartedAFewAtATime(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	c.rollout.Spec.RestartAt = new(metav1.NewTime(c.now))
	c.outdated, c.live = 10, 10
	for c.outdated > 0 {
		c.decide()
		if c.last.Restart < 1 || c.last.Restart > 2 {
			t.Fatalf("%d pods go at a time, want 1 or 2", c.last.Restart)
		}
		c.outdated -= int(c.last.Restart)
	}
	c.settle()
	if !c.rollout.Status.RestartedAt.Equal(c.rollout.Spec.RestartAt) || c.rollout.Status.Phase != healthy {
		t.Errorf("restarted at %v, phase %s", c.rollout.Status.RestartedAt, c.rollout.Status.Phase)
	}
}
