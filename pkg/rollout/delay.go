// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// retire scales older sets down, at once or after their delay.
func (p *pass) retire() {
	kept := int32(0)
	for _, set := range p.older {
		if sizeOf(set).Spec == 0 {
			delete(p.deadlines, set)
			continue
		}
		if p.referenced(set) {
			continue
		}
		if _, has := p.deadlines[set]; !has && !p.promoted() && p.Rollout.Spec.BlueGreen() == nil {
			// A revision that was overtaken by another one before it was promoted: nobody needs its pods.
			p.size(set, 0)
			continue
		}
		if p.delayed(set, &kept) {
			continue
		}
		p.size(set, 0)
		delete(p.deadlines, set)
	}
}

// delayed says that the pods of a set stay for the time being. The delay begins when it is first asked for, and only so
// many revisions are kept.
func (p *pass) delayed(set *appsv1.ReplicaSet, kept *int32) bool {
	delay := scaleDownDelay(p.Rollout)
	if delay == 0 || *kept >= scaleDownRevisions(p.Rollout) {
		return false
	}
	deadline, has := p.deadlines[set]
	if !has {
		deadline = p.Now.Add(delay).Truncate(time.Second)
		p.deadlines[set] = deadline
	}
	if !p.Now.Before(deadline) {
		return false
	}
	*kept++
	p.wake(deadline)
	return true
}

// keepAborted keeps the pods of a revision that was aborted until the stable ones can bear everything, and then for a
// delay, or for ever.
func (p *pass) keepAborted() {
	if p.New == p.stable || sizeOf(p.New).Spec == 0 {
		return
	}
	delay, goes := abortDelay(p.Rollout)
	if !goes || sizeOf(p.stable).Available < Replicas(p.Rollout) {
		return
	}
	deadline, has := p.deadlines[p.New]
	if !has {
		deadline = p.Now.Add(delay).Truncate(time.Second)
		p.deadlines[p.New] = deadline
	}
	if p.Now.Before(deadline) {
		p.wake(deadline)
		return
	}
	p.size(p.New, 0)
	delete(p.deadlines, p.New)
}

// referenced says that requests still reach the pods of an older set.
func (p *pass) referenced(set *appsv1.ReplicaSet) bool {
	hash := HashOf(set)
	if weights := p.Status.Canary.Weights; weights != nil &&
		(weights.Canary.PodTemplateHash == hash && weights.Canary.Weight > 0 || weights.Stable.PodTemplateHash == hash) {
		return true
	}
	for _, service := range p.Services {
		if service.Spec.Selector[v1alpha1.LabelPodTemplateHash] == hash {
			return true
		}
	}
	return false
}
