// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
)

func TestAFirstRevisionThatDoesNotComeUpIsSaid(t *testing.T) {
	t.Parallel()
	c := start(t, 3, tenFortyHundred)
	c.decide()
	c.now = c.now.Add(11 * time.Minute)
	c.decide()
	c.expect(degraded, 5, 3)
	c.decide()
	if c.last.Again != 0 && c.last.Again < time.Second {
		t.Errorf("it is looked at again after %s, though nothing happens", c.last.Again)
	}
	c.settle()
	c.expect(healthy, 5, 3)
}

func TestTheTimeOfAWaitIsNoLackOfProgress(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, "blueGreen: {activeService: active, autoPromotionEnabled: false}")
	c.rollout.Spec.ProgressDeadlineAbort = new(true)
	c.push(2)
	c.settle()
	c.expect(paused, 0, 4, 4)
	c.pass(time.Hour)
	c.rollout.Status.PauseConditions = nil
	c.settle()
	c.selects("active", 1)
	c.expect(healthy, 0, 4, 4)
}

func TestANewTemplateHasItsOwnTime(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	c.rollout.Spec.ProgressDeadlineAbort = new(true)
	c.push(2)
	c.settle()
	c.rollout.Status.Abort = true
	c.settle()
	c.pass(20 * time.Minute)
	c.push(3)
	c.settle()
	c.expect(paused, 1, 9, 0, 1)
}

func TestARetryIsNoRollbackToWhatPeopleKnow(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, `
blueGreen: {activeService: active, prePromotionAnalysis: {templates: [{templateName: smoke}]}}`)
	c.push(2)
	c.settle()
	c.result("Failed", "it is slow")
	c.settle()
	c.expect(degraded, 0, 4, 4)
	c.rollout.Status.Abort = false
	c.settle()
	c.selects("active", 0)
	c.result("Successful", "")
	c.settle()
	c.selects("active", 1)
}

func TestAnAbortWithoutStablePodsLeavesTheServiceAlone(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, "blueGreen: {activeService: active, autoPromotionEnabled: false}")
	c.push(2)
	c.settle()
	c.sets = slices.DeleteFunc(c.sets, func(set *appsv1.ReplicaSet) bool { return HashOf(set) == c.rollout.Status.StableRS })
	c.rollout.Status.Abort = true
	c.settle()
	c.selects("active", 0)
	c.expect(healthy, 0, 4)
}

func TestToPromoteInFullGoesPastAnAnalysisThatSaidNothing(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, `
blueGreen: {activeService: active, prePromotionAnalysis: {templates: [{templateName: smoke}]}}`)
	c.push(2)
	c.settle()
	c.result("Inconclusive", "")
	c.settle()
	c.expect(paused, 0, 4, 4)
	c.rollout.Status.PromoteFull = true
	c.settle()
	c.selects("active", 1)
	c.expect(healthy, 0, 4, 4)
}

func TestToLetAnotherAnalysisBeginIsNoYesToTheSwitch(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, `
blueGreen: {activeService: active, autoPromotionEnabled: false,
  prePromotionAnalysis: {templates: [{templateName: smoke}]}}`)
	c.push(2)
	c.settle()
	c.result("Inconclusive", "")
	c.settle()
	c.rollout.Status.PauseConditions = nil
	c.settle()
	c.result("Successful", "")
	c.settle()
	c.selects("active", 0)
	c.expect(paused, 0, 4, 4)
}

func TestAnAnalysisThatWasDeletedIsBegunAnew(t *testing.T) {
	t.Parallel()
	c := deployed(t, 5, measured)
	c.push(2)
	c.settle()
	clear(c.runs)
	c.settle()
	c.result("Successful", "")
	c.settle()
	c.expect(paused, 3, 2, 3)
}

func TestAnAnalysisWhoseStatusWasNotWrittenIsBegunOnce(t *testing.T) {
	t.Parallel()
	c := deployed(t, 5, measured)
	c.push(2)
	c.settle()
	c.rollout.Status.Canary.CurrentStepAnalysisRunStatus = nil
	c.settle()
	if len(c.runs) != 1 {
		t.Errorf("%d analyses were begun, want one", len(c.runs))
	}
}

func TestARolloutWithoutPodsGoesThroughItsSteps(t *testing.T) {
	t.Parallel()
	c := deployed(t, 5, byRouters(""))
	c.rollout.Spec.Replicas = new(int32(0))
	c.settle()
	c.push(2)
	for range 3 {
		c.pass(time.Minute)
	}
	c.expect(healthy, 4, 0, 0)
}

func TestToPromoteInFullAfterAnAbortIsATry(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, tenFortyHundred)
	c.push(2)
	c.settle()
	c.rollout.Status.Abort = true
	c.settle()
	c.rollout.Status.PromoteFull = true
	c.settle()
	c.expect(healthy, 5, 0, 10)
}

func TestAnotherStrategyTakesOver(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, byRouters(""))
	c.push(2)
	c.settle()
	c.rollout.Status.PromoteFull = true
	c.settle()
	blueGreen := start(t, 4, "blueGreen: {activeService: active, scaleDownDelaySeconds: 5}")
	c.rollout.Spec.Strategy, c.services = blueGreen.rollout.Spec.Strategy, blueGreen.services
	c.push(3)
	c.settle()
	c.pass(time.Minute)
	c.expect(healthy, 0, 0, 0, 4)
	c.rollout.Spec.Strategy = start(t, 4, tenFortyHundred).rollout.Spec.Strategy
	c.push(4)
	c.settle()
	c.expect(paused, 1, 0, 0, 4, 1)
}
