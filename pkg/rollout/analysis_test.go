// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"
	"time"
)

const measured = `
canary:
  steps:
  - setWeight: 20
  - analysis: {templates: [{templateName: smoke}]}
  - setWeight: 60
  - pause: {duration: 1m}
`

func TestAStepWaitsForItsAnalysis(t *testing.T) {
	t.Parallel()
	c := deployed(t, 5, measured)
	c.push(2)
	c.settle()
	c.pass(time.Hour)
	c.expect(progressive, 1, 4, 1)
	c.result("Successful", "")
	c.settle()
	c.expect(paused, 3, 2, 3)
}

func TestAStepThatIsEditedMeasuresAnew(t *testing.T) {
	t.Parallel()
	c := deployed(t, 5, measured)
	c.push(2)
	c.settle()
	first := c.rollout.Status.Canary.CurrentStepAnalysisRunStatus.Name
	c.rollout.Spec.Strategy.Canary.Steps[1].Analysis.Templates[0].TemplateName = "load"
	c.settle()
	if name := c.rollout.Status.Canary.CurrentStepAnalysisRunStatus.Name; name != first+".1" {
		t.Errorf("AnalysisRun %s, want %s.1", name, first)
	}
	if !or(c.runs[first].Spec.Terminate, false) {
		t.Errorf("AnalysisRun %s of the step as it was goes on", first)
	}
}

func TestAnAnalysisThatFailsAborts(t *testing.T) {
	t.Parallel()
	c := deployed(t, 5, measured)
	c.push(2)
	c.settle()
	c.result("Failed", "too slow")
	c.settle()
	c.expect(degraded, 0, 5, 0)
	want := "RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: too slow"
	if c.rollout.Status.Message != want {
		t.Errorf("message %q, want %q", c.rollout.Status.Message, want)
	}
	// Another try measures anew.
	c.rollout.Status.Abort = false
	c.settle()
	c.expect(progressive, 1, 4, 1)
	c.result("Successful", "")
	c.settle()
	c.expect(paused, 3, 2, 3)
}

func TestAnAnalysisThatSaysNothingWaitsForAPerson(t *testing.T) {
	t.Parallel()
	c := deployed(t, 5, measured)
	c.push(2)
	c.settle()
	c.result("Inconclusive", "")
	c.settle()
	c.expect(paused, 1, 4, 1)
	c.rollout.Spec.Replicas = new(int32(10))
	c.settle()
	c.expect(paused, 1, 4, 1)
	c.rollout.Spec.Replicas = new(int32(5))
	c.rollout.Status.PauseConditions, c.rollout.Status.ControllerPause = nil, false
	c.rollout.Status.CurrentStepIndex = new(int32(2))
	c.settle()
	c.expect(paused, 3, 2, 3)
}

func TestABackgroundAnalysisRunsBesideTheSteps(t *testing.T) {
	t.Parallel()
	c := deployed(t, 5, `
canary:
  analysis: {startingStep: 1, templates: [{templateName: smoke}]}
  steps: [{setWeight: 20}, {pause: {duration: 1m}}, {setWeight: 60}, {pause: {duration: 1m}}]
`)
	c.push(2)
	c.decide()
	if len(c.runs) != 0 {
		t.Error("the analysis begins before its step")
	}
	c.settle()
	if len(c.runs) != 1 {
		t.Fatalf("%d analyses run, want one", len(c.runs))
	}
	c.pass(time.Minute)
	c.expect(paused, 3, 2, 3)
	c.pass(time.Minute)
	c.expect(healthy, 4, 0, 5)
	for name, run := range c.runs {
		if !or(run.Spec.Terminate, false) {
			t.Errorf("AnalysisRun %s goes on after the end of the update", name)
		}
	}
}
