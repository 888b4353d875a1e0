// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// count takes over the numbers of pods.
func (p *pass) count() {
	before := p.Status
	p.observe()
	p.Status.Replicas, p.Status.ReadyReplicas, p.Status.AvailableReplicas, p.Status.UpdatedReplicas = 0, 0, 0, 0
	for _, set := range p.Sets {
		p.Status.Replicas += set.Status.Replicas
	}
	p.Status.HPAReplicas = p.Status.Replicas
	if p.New != nil {
		p.Status.UpdatedReplicas = p.New.Status.Replicas
	}
	serving := p.Sets
	if p.Rollout.Spec.BlueGreen() != nil {
		serving = nil
		if active := p.activeSet(); active != nil {
			serving = []*appsv1.ReplicaSet{active}
			p.Status.HPAReplicas = active.Status.Replicas
		}
	}
	for _, set := range serving {
		p.Status.ReadyReplicas += set.Status.ReadyReplicas
		p.Status.AvailableReplicas += set.Status.AvailableReplicas
	}
	p.Status.Selector = p.selector()
	p.progressed = p.progressed || p.Status.UpdatedReplicas != before.UpdatedReplicas ||
		p.Status.Replicas-p.Status.UpdatedReplicas < before.Replicas-before.UpdatedReplicas ||
		p.Status.ReadyReplicas > before.ReadyReplicas || p.Status.AvailableReplicas > before.AvailableReplicas
}

// observe notes which versions of the Rollout and of its workload the status tells of.
func (p *pass) observe() {
	p.Status.ObservedGeneration = strconv.FormatInt(p.Rollout.Generation, 10)
	switch {
	case p.Workload != nil:
		p.Status.WorkloadObservedGeneration = p.Workload.Version
	case p.Rollout.Spec.WorkloadRef == nil:
		p.Status.WorkloadObservedGeneration = ""
	}
}

// selector selects the pods that an autoscaler measures.
func (p *pass) selector() string {
	selector, err := metav1.LabelSelectorAsSelector(p.Rollout.Spec.Selector)
	if err != nil {
		// Validation names it; an autoscaler measures nothing meanwhile.
		return ""
	}
	active := HashOf(p.activeOf())
	if active == "" {
		return selector.String()
	}
	// A hash is a valid value of a label: it was read from one.
	only, err := labels.NewRequirement(v1alpha1.LabelPodTemplateHash, "=", []string{active})
	if err != nil {
		return selector.String()
	}
	return selector.Add(*only).String()
}

// activeOf is the active set of a blue-green Rollout, nil for a canary.
func (p *pass) activeOf() *appsv1.ReplicaSet {
	if p.Rollout.Spec.BlueGreen() == nil {
		return nil
	}
	return p.activeSet()
}
