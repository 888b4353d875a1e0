// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// selects compares what a Service selects with the ReplicaSet of an index.
func (c *cluster) selects(service string, set int) {
	c.t.Helper()
	if got, want := c.services[service].Spec.Selector[v1alpha1.LabelPodTemplateHash], HashOf(c.sets[set]); got != want {
		c.t.Errorf("Service %s selects %s, want %s", service, got, want)
	}
}

func TestBlueGreenSwitchesOnceAllPodsAreThere(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, "blueGreen: {activeService: active, previewService: preview}")
	c.selects("active", 0)
	c.push(2)
	c.decide()
	c.expect(progressive, 0, 4, 4)
	c.selects("preview", 1)
	c.selects("active", 0)
	c.settle()
	c.expect(healthy, 0, 4, 4)
	c.selects("active", 1)
	c.pass(29 * time.Second)
	c.expect(healthy, 0, 4, 4)
	c.pass(time.Second)
	c.expect(healthy, 0, 0, 4)
}

func TestBlueGreenWaitsForAPerson(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, `
blueGreen: {activeService: active, previewService: preview, autoPromotionEnabled: false, previewReplicaCount: 1}`)
	c.push(2)
	c.settle()
	c.expect(paused, 0, 4, 1)
	c.selects("active", 0)
	if want := "BlueGreenPause"; c.rollout.Status.Message != want {
		t.Errorf("message %q, want %q", c.rollout.Status.Message, want)
	}
	c.pass(time.Hour)
	c.expect(paused, 0, 4, 1)
	c.rollout.Status.PauseConditions = nil
	c.decide()
	c.expect(progressive, 0, 4, 4)
	c.selects("active", 0)
	c.settle()
	c.expect(healthy, 0, 4, 4)
	c.selects("active", 1)
}

func TestBlueGreenPromotesItselfAfterAWhile(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, "blueGreen: {activeService: active, autoPromotionSeconds: 60}")
	c.push(2)
	c.settle()
	c.expect(paused, 0, 4, 4)
	c.pass(59 * time.Second)
	c.selects("active", 0)
	c.pass(time.Second)
	c.expect(healthy, 0, 4, 4)
	c.selects("active", 1)
}

func TestAnAbortOfBlueGreenKeepsTheNewPodsForAWhile(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, "blueGreen: {activeService: active, autoPromotionEnabled: false}")
	c.push(2)
	c.settle()
	c.rollout.Status.Abort = true
	c.settle()
	c.expect(degraded, 0, 4, 4)
	c.selects("active", 0)
	c.pass(30 * time.Second)
	c.expect(degraded, 0, 4, 0)
}

func TestARollbackToPodsThatAreStillThereIsImmediate(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, "blueGreen: {activeService: active, autoPromotionEnabled: false}")
	c.push(2)
	c.settle()
	c.rollout.Status.PauseConditions = nil
	c.settle()
	c.selects("active", 1)
	c.push(1)
	c.settle()
	c.selects("active", 0)
	if c.rollout.Status.Phase != healthy {
		t.Errorf("phase %s (%s), want Healthy", c.rollout.Status.Phase, c.rollout.Status.Message)
	}
}

func TestAnAnalysisAfterTheSwitchTakesItBack(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, `
blueGreen: {activeService: active, postPromotionAnalysis: {templates: [{templateName: smoke}]}}`)
	c.push(2)
	c.settle()
	c.selects("active", 1)
	c.expect(progressive, 0, 4, 4)
	c.pass(time.Hour)
	c.expect(progressive, 0, 4, 4)
	c.result("Failed", "metric \"up\" failed")
	c.settle()
	c.selects("active", 0)
	c.expect(degraded, 0, 4, 4)
	want := "RolloutAborted: Rollout aborted update to revision 2: " +
		"Blue/green post-promotion analysis phase error/failed: metric \"up\" failed"
	if c.rollout.Status.Message != want {
		t.Errorf("message %q, want %q", c.rollout.Status.Message, want)
	}
}

func TestAnAnalysisBeforeTheSwitchHoldsIt(t *testing.T) {
	t.Parallel()
	c := deployed(t, 4, `
blueGreen: {activeService: active, prePromotionAnalysis: {templates: [{templateName: smoke}]}}`)
	c.push(2)
	c.settle()
	c.selects("active", 0)
	c.result("Successful", "")
	c.settle()
	c.selects("active", 1)
	c.expect(healthy, 0, 4, 4)
}

// result ends the only AnalysisRun that is running.
func (c *cluster) result(phase v1alpha1.AnalysisPhase, message string) {
	c.t.Helper()
	running := 0
	for name, run := range c.runs {
		if completed(run.Status.Phase) {
			continue
		}
		running++
		ended := run.DeepCopy()
		ended.Status.Phase, ended.Status.Message = phase, message
		c.runs[name] = ended
	}
	if running != 1 {
		c.t.Fatalf("%d AnalysisRuns run, want one", running)
	}
}
