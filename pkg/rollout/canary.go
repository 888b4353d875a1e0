// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// canary decides how a canary goes on.
func (p *pass) canary() {
	p.analyse()
	p.walk()
	if why := p.promotable(); why != "" {
		p.promote(why)
	}
	p.selectPods()
	p.route()
	if p.inPlace() != nil {
		p.replace()
		return
	}
	p.scaleCanary()
}

// promotable returns why the new revision becomes the stable one now, "" where it does not.
func (p *pass) promotable() string {
	steps := len(p.steps())
	switch {
	case p.Status.StableRS == "":
		return "Initial deploy"
	case p.promoted() || p.halted() || !p.enough():
		return ""
	case p.Status.Abort:
		return ""
	case p.ahead():
		return p.subject() + " has replaced all pods by itself"
	case p.lags():
		return ""
	case routed(p.Rollout) && !p.carriesAll():
		return ""
	case p.Status.PromoteFull:
		return "Full promotion requested"
	case int(p.index()) >= steps:
		return fmt.Sprintf("Completed all %d canary steps", steps)
	default:
		return ""
	}
}

// enough says that the new revision has as many available pods as are desired, or as the threshold asks for.
func (p *pass) enough() bool {
	desired := Replicas(p.Rollout)
	size := sizeOf(p.New)
	return size.Available >= desired || size.Spec >= desired && p.progressEnough(desired, size.Available)
}

// carriesAll says that the routers send all traffic to the new revision.
func (p *pass) carriesAll() bool {
	weights := p.Status.Canary.Weights
	return p.Routed && weights != nil && weights.Canary.PodTemplateHash == p.Status.CurrentPodHash &&
		weights.Canary.Weight == maxWeight(p.Rollout) && or(weights.Verified, true)
}

// promote makes the new revision the stable one.
func (p *pass) promote(why string) {
	first := p.Status.StableRS == ""
	p.resumeAll()
	fast := p.Status.PromoteFull
	back := p.stable != nil && p.New != nil && older(p.New, p.stable)
	p.Status.Abort, p.Status.AbortedAt, p.Status.PromoteFull = false, nil, false
	p.jump(len(p.steps()))
	p.Status.StableRS = p.Status.CurrentPodHash
	p.Status.Canary.CurrentStepAnalysisRunStatus = nil
	p.flip(first)
	p.classify()
	p.progressed = true
	switch {
	case back && fast:
		p.finish(v1alpha1.RolloutFastRolledBack)
	case back:
		p.finish(v1alpha1.RolloutRolledBack)
	case fast:
		p.finish(v1alpha1.RolloutFastPromoted)
	default:
		p.finish(v1alpha1.RolloutPromoted)
	}
	p.tell(reasonCompleted, "Rollout completed update to revision %d (%s): %s", RevisionOf(p.New),
		p.Status.CurrentPodHash, why)
}

// flip swaps the roles of two Services that take turns.
func (p *pass) flip(first bool) {
	canary := p.Rollout.Spec.Canary()
	if canary == nil || canary.PingPong == nil {
		return
	}
	if !first && p.Status.Canary.StablePingPong == v1alpha1.PingPongPing {
		p.Status.Canary.StablePingPong = v1alpha1.PingPongPong
		return
	}
	p.Status.Canary.StablePingPong = v1alpha1.PingPongPing
}

// scaleCanary decides the sizes of the sets.
func (p *pass) scaleCanary() {
	if p.halted() {
		return
	}
	if routed(p.Rollout) {
		p.scaleRouted()
		return
	}
	// Without routers nothing waits for its deadline; a set may have one from another strategy.
	clear(p.deadlines)
	target, bounds := p.target(), p.bounds()
	stable := p.distinctStable()
	var older []Size
	var sum, available int32
	for _, set := range p.older {
		size := sizeOf(set)
		older, sum = append(older, size), sum+size.Spec
	}
	for _, set := range p.Sets {
		available += set.Status.AvailableReplicas
	}
	next := Approach(target, sizeOf(p.New), sizeOf(stable), sum, bounds)
	p.size(p.New, next.New)
	p.size(stable, next.Stable)
	for i, count := range Drain(older, available, bounds.Least) {
		p.size(p.older[i], count)
	}
}

// target is the numbers of pods that the present weight asks for, without a router.
func (p *pass) target() Pair {
	desired := Replicas(p.Rollout)
	if p.distinctStable() == nil {
		return Pair{New: desired}
	}
	target := Target(desired, p.weight(), fullWeight, surge(p.Rollout))
	if p.inPlace() != nil {
		return p.takingTurns(target.New)
	}
	return target
}

// bounds is what the strategy promises.
func (p *pass) bounds() Bounds {
	desired := Replicas(p.Rollout)
	return Bounds{Most: desired + surge(p.Rollout), Least: desired - unavailable(p.Rollout)}
}

// distinctStable is the stable set where it is another than the new one.
func (p *pass) distinctStable() *appsv1.ReplicaSet {
	if p.stable == p.New {
		return nil
	}
	return p.stable
}

// size decides the number of pods of a set, where there is one.
func (p *pass) size(set *appsv1.ReplicaSet, count int32) {
	if set != nil {
		p.sizes[set] = count
	}
}
