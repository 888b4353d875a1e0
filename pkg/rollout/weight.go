// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"

// weight is the weight that the present step asks for: that of the last setWeight up to it.
func (p *pass) weight() int32 {
	steps, index := p.steps(), int(p.index())
	switch {
	case p.Status.Abort:
		return 0
	case p.Status.PromoteFull || p.Status.StableRS == "" || p.promoted() || index >= len(steps):
		return maxWeight(p.Rollout)
	default:
		return weightAt(steps, index)
	}
}

// weightAt is the weight of the last setWeight up to an index, 0 where there is none.
func weightAt(steps []v1alpha1.CanaryStep, index int) int32 {
	for i := min(index, len(steps)-1); i >= 0; i-- {
		if steps[i].SetWeight != nil {
			return *steps[i].SetWeight
		}
	}
	return 0
}

// routedTarget is the numbers of pods that the present step asks for, with routers: the stable pods stay, unless they
// go as the traffic goes.
func (p *pass) routedTarget() Pair {
	desired, full := Replicas(p.Rollout), maxWeight(p.Rollout)
	if p.distinctStable() == nil {
		return Pair{New: desired}
	}
	target := Pair{New: p.canaryPods(desired, full), Stable: desired}
	if !dynamic(p.Rollout) {
		return target
	}
	carried := p.carried()
	target.Stable = p.least(max(
		portion(desired, full-p.weight(), full), portion(desired, carried.Stable, full)), desired)
	if p.Status.Abort {
		target.New = max(target.New, portion(desired, carried.New, full))
	}
	return target
}

// canaryPods is the number of new pods: what a setCanaryScale says, else what the weight asks for.
func (p *pass) canaryPods(desired, full int32) int32 {
	scale := p.canaryScale()
	switch {
	case scale == nil:
		return p.least(portion(desired, p.weight(), full), desired)
	case scale.Replicas != nil:
		return *scale.Replicas
	default:
		return p.least(portion(desired, or(scale.Weight, 0), fullWeight), desired)
	}
}

// canaryScale is the setCanaryScale in force: the last one up to the present step, until one matches the weight again.
func (p *pass) canaryScale() *v1alpha1.SetCanaryScale {
	steps, index := p.steps(), int(p.index())
	if p.Status.PromoteFull || p.promoted() || index >= len(steps) {
		return nil
	}
	if _, goes := abortDelay(p.Rollout); p.Status.Abort && goes {
		return nil
	}
	for i := index; i >= 0; i-- {
		scale := steps[i].SetCanaryScale
		if scale == nil {
			continue
		}
		if or(scale.MatchTrafficWeight, false) {
			return nil
		}
		return scale
	}
	return nil
}

// least keeps the smallest number of pods that a revision with any pods has.
func (p *pass) least(count, desired int32) int32 {
	if count == 0 {
		return 0
	}
	return max(count, min(or(p.Rollout.Spec.Canary().MinPodsPerReplicaSet, 1), desired))
}

// carried is the split of the traffic that the status tells of.
func (p *pass) carried() Pair {
	weights := p.Status.Canary.Weights
	if weights == nil {
		return Pair{Stable: maxWeight(p.Rollout)}
	}
	return Pair{New: weights.Canary.Weight, Stable: weights.Stable.Weight}
}

// scaleRouted decides the sizes of the sets of a canary with routers.
func (p *pass) scaleRouted() {
	target := p.routedTarget()
	if stable := p.distinctStable(); stable != nil {
		p.size(stable, target.Stable)
		delete(p.deadlines, stable)
	}
	if p.Status.Abort && !dynamic(p.Rollout) {
		p.keepAborted()
	} else {
		p.size(p.New, target.New)
		delete(p.deadlines, p.New)
	}
	p.retire()
}
