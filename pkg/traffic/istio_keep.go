// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Keep gives the routes of a VirtualService the weights of the live ones and the Rollout's own routes before them, and
// the subsets of a DestinationRule the hashes of the live ones.
func (i *istio) Keep(ref Ref, live, wanted *unstructured.Unstructured) {
	if i.rule != nil && ref == i.ruleRef() {
		i.keepHashes(live, wanted)
		return
	}
	index := slices.IndexFunc(i.services, func(service istioService) bool { return service.Ref == ref })
	if index < 0 {
		return
	}
	from, err := i.read(i.services[index], live.Object)
	if err != nil {
		return
	}
	onto, err := i.read(i.services[index], wanted.Object)
	if err != nil {
		return
	}
	if driven := slices.Concat(from.http, from.raw); len(driven) > 0 {
		for _, route := range slices.Concat(onto.http, onto.raw) {
			onto.keepWeights(driven[0], route)
		}
	}
	if entries, err := list(live.Object, "spec", "http"); err == nil && len(onto.http) > 0 {
		own := withNames(entries, managedNames(i.rollout))
		object(wanted.Object, "spec")["http"] = slice(append(own, onto.shared...))
	}
}

// keepWeights gives a route the weights of another one, and the Services of an Experiment that are in it.
func (r *istioRoutes) keepWeights(from, onto map[string]any) {
	have, haveErr := list(from, "route")
	want, wantErr := list(onto, "route")
	if haveErr != nil || wantErr != nil {
		return
	}
	for _, entry := range want {
		if role := r.role(entry); role == roleStable || role == roleCanary {
			copyWeight(r.of(have, role), entry)
		}
	}
	for _, entry := range have {
		known := slices.ContainsFunc(want, func(other map[string]any) bool { return r.service(other) == r.service(entry) })
		if !known && r.role(entry) == roleNone && ofExperiment(r.rollout, r.service(entry)) {
			want = append(want, clone(entry))
		}
	}
	onto["route"] = slice(want)
}

func (i *istio) keepHashes(live, wanted *unstructured.Unstructured) {
	have, haveErr := list(live.Object, "spec", "subsets")
	want, wantErr := list(wanted.Object, "spec", "subsets")
	if haveErr != nil || wantErr != nil || len(want) == 0 {
		return
	}
	for _, name := range []string{i.rule.CanarySubsetName, i.rule.StableSubsetName} {
		from, onto := subset(have, name), subset(want, name)
		if from != nil && onto != nil {
			selectHash(onto, text(object(from, "labels"), v1alpha1.LabelPodTemplateHash))
		}
	}
	for _, entry := range have {
		if name := text(entry, "name"); subset(want, name) == nil && ofExperiment(i.rollout, name) {
			want = append(want, clone(entry))
		}
	}
	object(wanted.Object, "spec")["subsets"] = slice(want)
}
