// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	appsv1 "k8s.io/api/apps/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// selectPods points the Services of a canary to its pods.
func (p *pass) selectPods() {
	canary, stable := p.canaryServices()
	p.point(stable, p.stable)
	if p.Status.Abort && p.stable != nil {
		// What was aborted gets no more requests by its own name either, once the routers send it none.
		if !routed(p.Rollout) || p.carried().New == 0 {
			p.point(canary, p.stable)
		}
		return
	}
	// A Service whose pods still carry traffic stays with them.
	if overtaken, _ := p.overtaken(); overtaken == "" {
		p.point(canary, p.New)
	}
}

// point lets a Service select the pods of a set, if they can answer. A Service that a Rollout did not drive before
// changes only to a set whose pods are all available.
func (p *pass) point(name string, set *appsv1.ReplicaSet) {
	service := p.Services[name]
	if service == nil || set == nil || service.Spec.Selector[hashLabel(p.Rollout)] == HashOf(set) {
		return
	}
	size := sizeOf(set)
	_, driven := service.Annotations[v1alpha1.AnnotationManagedByRollouts]
	if size.Available == 0 || !driven && size.Available < size.Spec {
		return
	}
	p.choose(name, set)
}

// choose lets a Service select the pods of a set.
func (p *pass) choose(name string, set *appsv1.ReplicaSet) {
	service := p.Services[name]
	if service == nil || set == nil || service.Spec.Selector[hashLabel(p.Rollout)] == HashOf(set) {
		return
	}
	p.Selections = append(p.Selections, Selection{Service: name, Label: hashLabel(p.Rollout), Hash: HashOf(set)})
	p.did(reasonSwitchService, "Switched selector for service '%s' from '%s' to '%s'", name,
		service.Spec.Selector[hashLabel(p.Rollout)], HashOf(set))
}
