// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"testing"
	"time"
)

// byRouters is a canary whose traffic routers split.
func byRouters(more string) string {
	return fmt.Sprintf(`
canary:
  canaryService: canary
  stableService: stable
  trafficRouting: {nginx: {stableIngress: guestbook}}
  steps: [{setWeight: 20}, {pause: {duration: 1m}}, {setWeight: 60}, {pause: {duration: 1m}}]
%s`, more)
}

// carries compares the weight of the new revision.
func (c *cluster) carries(weight int32) {
	c.t.Helper()
	if got := c.last.Traffic.Canary.Weight; got != weight {
		c.t.Errorf("the canary carries %d, want %d", got, weight)
	}
}

func TestTrafficFollowsTheSteps(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, byRouters(""))
	c.push(2)
	c.decide()
	c.expect(progressive, 0, 10, 2)
	c.carries(0)
	c.settle()
	c.expect(paused, 1, 10, 2)
	c.carries(20)
	c.selects("stable", 0)
	c.selects("canary", 1)
	c.now = c.now.Add(time.Minute)
	c.decide()
	c.carries(20)
	c.settle()
	c.expect(paused, 3, 10, 6)
	c.carries(60)
	c.pass(time.Minute)
	c.selects("stable", 1)
	c.carries(0)
	c.expect(healthy, 4, 10, 10)
	c.pass(30 * time.Second)
	c.expect(healthy, 4, 0, 10)
}

func TestTheCanarySubsetSelectsNoRevisionWithoutPods(t *testing.T) {
	t.Parallel()
	c := start(t, 10, byRouters(""))
	if c.last.Traffic != nil {
		t.Errorf("before the first revision has pods, the traffic is sent to %+v", c.last.Traffic)
	}
	c.settle()
	selects := func(what, hash string) {
		t.Helper()
		if got := c.last.Traffic.Canary.Hash; got != hash {
			t.Errorf("%s the canary subset selects %s, want %s", what, got, hash)
		}
	}
	stable := c.rollout.Status.StableRS
	c.push(2)
	c.decide()
	current := c.rollout.Status.CurrentPodHash
	selects("before a new pod is available", stable)
	if told := c.rollout.Status.Canary.Weights.Canary.PodTemplateHash; told != current {
		t.Errorf("the status names the revision %s, want %s", told, current)
	}
	c.ready(1)
	c.decide()
	selects("with one new pod", current)
	c.carries(0)
	c.settle()
	selects("at the first step", current)
	c.push(3)
	c.decide()
	selects("once that revision is overtaken", stable)
	c.carries(0)
}

func TestAnAbortTakesTheTrafficBackAtOnce(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, byRouters(""))
	c.push(2)
	c.settle()
	c.rollout.Status.Abort = true
	c.settle()
	c.carries(0)
	c.selects("canary", 0)
	c.expect(degraded, 0, 10, 2)
	c.pass(30 * time.Second)
	c.expect(degraded, 0, 10, 0)
}

func TestStablePodsGoAsTheTrafficGoes(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, byRouters("  dynamicStableScale: true\n"))
	c.push(2)
	c.settle()
	c.expect(paused, 1, 8, 2)
	c.pass(time.Minute)
	c.expect(paused, 3, 4, 6)
	c.carries(60)
	// The stable pods come back before the traffic does.
	c.rollout.Status.Abort = true
	c.decide()
	c.carries(60)
	c.settle()
	c.carries(0)
	c.expect(degraded, 0, 10, 0)
}

func TestACanaryKeepsTheSizeThatAStepSet(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, `
canary:
  canaryService: canary
  stableService: stable
  trafficRouting: {nginx: {stableIngress: guestbook}}
  steps:
  - setCanaryScale: {replicas: 3}
  - setWeight: 10
  - pause: {duration: 1m}
  - setCanaryScale: {matchTrafficWeight: true}
  - pause: {duration: 1m}
`)
	c.push(2)
	c.settle()
	c.expect(paused, 2, 10, 3)
	c.carries(10)
	c.pass(time.Minute)
	c.expect(paused, 4, 10, 1)
}

func TestManagedRoutesAreInForceUntilTheyAreRemoved(t *testing.T) {
	t.Parallel()
	c := deployed(t, 10, `
canary:
  canaryService: canary
  stableService: stable
  trafficRouting: {managedRoutes: [{name: beta}], nginx: {stableIngress: guestbook}}
  steps:
  - setWeight: 10
  - setHeaderRoute: {name: beta, match: [{headerName: beta, headerValue: {exact: "1"}}]}
  - pause: {duration: 1m}
  - setHeaderRoute: {name: beta}
  - pause: {duration: 1m}
`)
	c.push(2)
	c.settle()
	if routes := c.last.Traffic.Headers; len(routes) != 1 || routes[0].Name != "beta" {
		t.Errorf("routes %v, want beta", routes)
	}
	c.pass(time.Minute)
	if routes := c.last.Traffic.Headers; len(routes) != 0 {
		t.Errorf("routes %v, want none", routes)
	}
}
