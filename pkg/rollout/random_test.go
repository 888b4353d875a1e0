// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Whatever happens, and in whatever order: the promises hold, nothing hangs, and it ends in the template that was
// pushed last.
func TestWhateverHappensTheUpdateEnds(t *testing.T) {
	t.Parallel()
	strategies := map[string]string{
		"canary":     tenFortyHundred,
		"routed":     byRouters(""),
		"dynamic":    byRouters("  dynamicStableScale: true\n"),
		"blue-green": "blueGreen: {activeService: active, previewService: preview, autoPromotionSeconds: 30}",
	}
	for name, strategy := range strategies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(30) {
				wander(t, seed, strategy)
			}
		})
	}
}

// wander lets a Rollout live through random events, and then brings it to its end.
func wander(t *testing.T, seed uint64, strategy string) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	c := deployed(t, 1+random.IntN(12), strategy)
	for range 40 {
		c.happen(random)
		before := c.available()
		c.decide()
		least := Replicas(c.rollout) - unavailable(c.rollout)
		if now := c.available(); now < min(before, least) {
			t.Fatalf("seed %d: %d pods are available of %d before, at least %d are promised; sizes %v",
				seed, now, before, least, c.sizes())
		}
		c.checkTraffic(seed)
	}
	c.rollout.Status.Abort, c.rollout.Spec.Paused = false, nil
	for range 20 {
		c.pass(11 * time.Minute)
	}
	status := c.rollout.Status
	if status.Phase != healthy || status.StableRS != status.CurrentPodHash {
		t.Fatalf("seed %d: it ends %s (%s), stable %s, current %s, sizes %v",
			seed, status.Phase, status.Message, status.StableRS, status.CurrentPodHash, c.sizes())
	}
}

// happen is something that happens to a Rollout.
func (c *cluster) happen(random *rand.Rand) {
	switch random.IntN(9) {
	case 0:
		c.push(1 + random.IntN(4))
	case 1:
		c.rollout.Status.Abort = true
	case 2:
		c.rollout.Status.Abort = false
	case 3:
		c.rollout.Status.PauseConditions = nil
	case 4:
		c.rollout.Status.PromoteFull = true
	case 5:
		c.now = c.now.Add(time.Duration(random.IntN(600)) * time.Second)
	default:
		c.ready(random.Int32N(4))
	}
}

func (c *cluster) available() int32 {
	var count int32
	for _, set := range c.sets {
		count += set.Status.AvailableReplicas
	}
	return count
}

// checkTraffic requires that traffic goes only where pods are that can answer.
func (c *cluster) checkTraffic(seed uint64) {
	c.t.Helper()
	if active := c.rollout.Spec.BlueGreen(); active != nil {
		hash := c.services[active.ActiveService].Spec.Selector[v1alpha1.LabelPodTemplateHash]
		if set := (&pass{Facts: Facts{Sets: c.sets}}).find(hash); set == nil || *set.Spec.Replicas == 0 {
			c.t.Fatalf("seed %d: the active Service selects %s, which has no pods", seed, hash)
		}
	}
	traffic := c.last.Traffic
	if traffic == nil || traffic.Canary.Weight == 0 && traffic.Canary.Hash == traffic.Stable.Hash {
		return
	}
	set := (&pass{Facts: Facts{Sets: c.sets}}).find(traffic.Canary.Hash)
	if set == nil || set.Status.AvailableReplicas == 0 {
		c.t.Fatalf("seed %d: the canary carries %d, and is selected by its subset, without a pod", seed, traffic.Canary.Weight)
	}
}
