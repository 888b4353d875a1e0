// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

// route decides the split of the traffic, and records it in the status as if it were done.
func (p *pass) route() {
	if !routed(p.Rollout) {
		p.Status.Canary.Weights = nil
		return
	}
	if p.Status.StableRS == "" {
		return
	}
	canary, stable := p.canaryServices()
	full, weight := maxWeight(p.Rollout), p.trafficWeight()
	hash := p.Status.CurrentPodHash
	if overtaken, share := p.overtaken(); overtaken != "" {
		hash, weight = overtaken, share
	}
	if weight == 0 && (p.Status.Abort || p.promoted()) {
		hash = p.Status.StableRS
	}
	rest, additional := full-weight, p.additional(full-weight)
	for _, destination := range additional {
		rest -= destination.Weight
	}
	intent := &traffic.Intent{
		Canary:     traffic.Destination{Service: canary, Hash: hash, Weight: weight},
		Stable:     traffic.Destination{Service: stable, Hash: p.Status.StableRS, Weight: rest},
		Additional: additional, Max: full,
	}
	if ended := p.promoted() || p.Status.Abort || sizeOf(p.New).Available == 0; !ended {
		intent.Headers, intent.Mirrors = p.managed()
	}
	p.record(intent)
	if weight == 0 && sizeOf(p.New).Available == 0 {
		// Whoever asks for the canary by a route of his own would find nobody: until there is a pod, as with its Service, the
		// stable ones answer. A stable set that lacks pods holds nothing back.
		intent.Canary.Hash = p.Status.StableRS
	}
	p.Traffic = intent
}

// record writes the split into the status, and tells of a new one.
func (p *pass) record(intent *traffic.Intent) {
	was := p.Status.Canary.Weights
	now := &v1alpha1.TrafficWeights{
		Canary: v1alpha1.WeightDestination{
			Weight: intent.Canary.Weight, ServiceName: intent.Canary.Service, PodTemplateHash: intent.Canary.Hash,
		},
		Stable: v1alpha1.WeightDestination{
			Weight: intent.Stable.Weight, ServiceName: intent.Stable.Service, PodTemplateHash: intent.Stable.Hash,
		},
		Verified: p.Verified,
	}
	for _, destination := range intent.Additional {
		now.Additional = append(now.Additional, v1alpha1.WeightDestination{
			Weight: destination.Weight, ServiceName: destination.Service, PodTemplateHash: destination.Hash,
		})
	}
	p.Status.Canary.Weights = now
	if was == nil || was.Canary.Weight != now.Canary.Weight {
		from := int32(0)
		if was != nil {
			from = was.Canary.Weight
		}
		p.tell(reasonWeightUpdated, "Traffic weight updated from %d to %d", from, now.Canary.Weight)
	}
}

// trafficWeight is the share of the new revision: no more than its ready pods can bear.
func (p *pass) trafficWeight() int32 {
	current := p.carriedByNew()
	switch {
	case p.promoted():
		return 0
	case p.Status.Abort:
		return p.abortWeight(current)
	case sizeOf(p.New).Available == 0 && Replicas(p.Rollout) > 0:
		return 0
	case p.halted():
		return current
	}
	want := p.weight()
	if !p.reached() {
		// The pods for this step are not there yet: the traffic stays, or comes as they come.
		want = min(want, max(current, p.bearable()))
	}
	if dynamic(p.Rollout) {
		if stable := p.distinctStable(); stable != nil &&
			stable.Status.AvailableReplicas < portion(Replicas(p.Rollout), maxWeight(p.Rollout)-want, maxWeight(p.Rollout)) {
			return max(current, want)
		}
	}
	return want
}

// carriedByNew is the share that the new revision carries, and no other one that was overtaken.
func (p *pass) carriedByNew() int32 {
	weights := p.Status.Canary.Weights
	if weights == nil || weights.Canary.PodTemplateHash != p.Status.CurrentPodHash {
		return 0
	}
	return weights.Canary.Weight
}

// bearable is the share that the new pods can bear while an update is cut short and stable pods go as the traffic goes.
func (p *pass) bearable() int32 {
	desired := Replicas(p.Rollout)
	if !dynamic(p.Rollout) || !p.Status.PromoteFull || desired == 0 {
		return 0
	}
	return maxWeight(p.Rollout) * sizeOf(p.New).Available / desired
}

// abortWeight is the share of a revision that was aborted: none, or where stable pods went as the traffic went, what
// they cannot bear yet.
func (p *pass) abortWeight(current int32) int32 {
	desired, full := Replicas(p.Rollout), maxWeight(p.Rollout)
	if !dynamic(p.Rollout) || desired == 0 {
		return 0
	}
	missing := max(0, desired-sizeOf(p.distinctStable()).Available)
	return min(current, portion(full, missing, desired))
}

// overtaken is a revision that carries traffic although another template has come, and what it carries on: as much as
// stable pods that went as the traffic went cannot bear yet, until the pods of the new template are there.
func (p *pass) overtaken() (hash string, share int32) {
	weights := p.Status.Canary.Weights
	if !dynamic(p.Rollout) || weights == nil || weights.Canary.Weight == 0 || !p.Status.Abort && p.reached() {
		return "", 0
	}
	set := p.find(weights.Canary.PodTemplateHash)
	if set == nil || set == p.New || set == p.stable || sizeOf(set).Available == 0 {
		return "", 0
	}
	if share = p.abortWeight(weights.Canary.Weight); share == 0 {
		return "", 0
	}
	return HashOf(set), share
}

// managed are the header and mirror routes that the steps so far set and did not remove.
func (p *pass) managed() ([]v1alpha1.SetHeaderRoute, []v1alpha1.SetMirrorRoute) {
	var headers []v1alpha1.SetHeaderRoute
	var mirrors []v1alpha1.SetMirrorRoute
	steps := p.steps()
	for i := 0; i <= int(p.index()) && i < len(steps); i++ {
		if route := steps[i].SetHeaderRoute; route != nil {
			headers = replace(headers, *route, len(route.Match) == 0,
				func(r v1alpha1.SetHeaderRoute) string { return r.Name })
		}
		if route := steps[i].SetMirrorRoute; route != nil {
			mirrors = replace(mirrors, *route, len(route.Match) == 0,
				func(r v1alpha1.SetMirrorRoute) string { return r.Name })
		}
	}
	return headers, mirrors
}

// replace puts a route in the place of the one of its name, or takes that one away.
func replace[T any](routes []T, route T, remove bool, name func(T) string) []T {
	kept := make([]T, 0, len(routes)+1)
	for _, r := range routes {
		if name(r) != name(route) {
			kept = append(kept, r)
		}
	}
	if remove {
		return kept
	}
	return append(kept, route)
}

// canaryServices are the names of the Services of the new and of the stable revision.
func (p *pass) canaryServices() (canary, stable string) {
	stable, canary = traffic.Services(p.Facts.After(p.Status).Rollout)
	return canary, stable
}
