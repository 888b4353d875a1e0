// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Whatever happens, and in whatever order: no analysis begins before the pods are there, what nothing changes is not
// written, and with a duration it comes to an end that leaves nothing behind.
func TestWhateverHappensAnExperimentEnds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 2))
		c := start(t, analysed+"duration: 5m")
		for range 30 {
			c.happen(random)
			c.check(seed)
		}
		if c.experiment.Status.Phase == "" {
			t.Fatalf("seed %d: no phase", seed)
		}
		c.finish(seed)
	}
}

// happen is something that happens to an Experiment.
func (c *cluster) happen(random *rand.Rand) {
	c.t.Helper()
	switch random.IntN(8) {
	case 0:
		c.ready(random.Int32N(3))
	case 1:
		for name, run := range c.runs {
			if !run.Status.Phase.Completed() && random.IntN(2) == 0 {
				c.found(name, []v1alpha1.AnalysisPhase{running, successful, failed, phaseError, inconclusive}[random.IntN(5)])
			}
		}
	case 2:
		c.experiment.Spec.Terminate = new(random.IntN(3) == 0)
	case 3:
		c.experiment.Status = v1alpha1.ExperimentStatus{}
	case 4:
		c.experiment.Spec.Templates[1].Replicas = new(random.Int32N(4))
	case 5:
		c.missing["speed"] = random.IntN(2) == 0
	case 6:
		c.experiment.Status.TemplateStatuses = nil
	default:
		c.pass(time.Duration(random.IntN(200)) * time.Second)
	}
	c.decide()
}

// check requires what is always true.
func (c *cluster) check(seed uint64) {
	c.t.Helper()
	status := c.experiment.Status
	again := Decide(c.facts())
	if !again.Idle() || len(again.Events) > 0 || !equality.Semantic.DeepEqual(again.Status, status) {
		c.t.Fatalf("seed %d: nothing changed, and it decided %+v", seed, again)
	}
	begun := slices.ContainsFunc(status.AnalysisRuns,
		func(run v1alpha1.ExperimentAnalysisRunStatus) bool { return run.AnalysisRun != "" })
	if begun && status.AvailableAt == nil {
		c.t.Fatalf("seed %d: an analysis began before the pods were available", seed)
	}
	if status.Phase.Completed() {
		for name, run := range c.runs {
			if !ended(run) {
				c.t.Fatalf("seed %d: AnalysisRun %s goes on after the end", seed, name)
			}
		}
	}
}

// finish lets the analyses end and the time pass, and requires that nothing is left.
func (c *cluster) finish(seed uint64) {
	c.t.Helper()
	for range 20 {
		c.ready(10)
		for name, run := range c.runs {
			if !run.Status.Phase.Completed() {
				c.found(name, successful)
			}
		}
		c.pass(11 * time.Minute)
	}
	status := c.experiment.Status
	if !status.Phase.Completed() || slices.Max(c.sizes()) > 0 || len(c.services) > 0 {
		c.t.Fatalf("seed %d: it ends %s (%s) with pods %v and %d Services",
			seed, status.Phase, status.Message, c.sizes(), len(c.services))
	}
}
