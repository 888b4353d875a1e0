// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Keep gives the rules of a route the weights of the live ones, and the Rollout's own rules in the live order.
func (g *gateway) Keep(ref Ref, live, wanted *unstructured.Unstructured) {
	from, err := g.read(ref, live.Object)
	if err != nil {
		return
	}
	onto, err := g.read(ref, wanted.Object)
	if err != nil {
		return
	}
	for _, rule := range onto.split {
		g.keepWeights(from.split[0], rule)
	}
	var first, last []map[string]any
	for _, rule := range from.own {
		if backends, err := list(rule, "backendRefs"); err == nil && g.backend(backends, g.stable) != nil {
			first = append(first, clone(rule))
			continue
		}
		last = append(last, clone(rule))
	}
	object(wanted.Object, "spec")["rules"] = slice(slices.Concat(first, onto.shared, last))
}

func (g *gateway) keepWeights(from, onto map[string]any) {
	have, haveErr := list(from, "backendRefs")
	want, wantErr := list(onto, "backendRefs")
	if haveErr != nil || wantErr != nil {
		return
	}
	for _, service := range []string{g.stable, g.canary} {
		copyWeight(g.backend(have, service), g.backend(want, service))
	}
	for _, entry := range have {
		if name := text(entry, "name"); ofExperiment(g.rollout, name) && g.backend(want, name) == nil {
			want = append(want, clone(entry))
		}
	}
	onto["backendRefs"] = slice(want)
}
