// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"fmt"
	"strings"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
)

// element is one set of parameters and where it came from.
type element struct {
	origin string
	params map[string]any
}

// batch is what one generator gave, with the template that it overrides.
type batch struct {
	origin   string
	template *v1alpha1.ApplicationSetTemplate
	elements []element
}

// parameters runs all generators of a set.
func parameters(set *v1alpha1.ApplicationSet, text *text, known []cluster.Destination) ([]batch, error) {
	if len(set.Spec.Generators) == 0 {
		return nil, noParameters("spec.generators is empty: name a generator; " +
			"to delete the Applications, delete the ApplicationSet")
	}
	var batches []batch
	for i, generator := range set.Spec.Generators {
		origin := fmt.Sprintf("spec.generators[%d]", i)
		made, err := run(set, text, known, generator, origin)
		if err != nil {
			return nil, noParameters("%s%w", origin, err)
		}
		for j := range made {
			if made[j].elements, err = filter(generator.Selector, made[j].elements); err != nil {
				return nil, noParameters("%s.selector: %w", origin, err)
			}
		}
		batches = append(batches, made...)
	}
	return batches, nil
}

// run runs one entry of spec.generators, which may set several generators (as Argo CD 3.5:
// generators/generator_spec_processor.go). Errors begin with the path below origin.
func run(
	set *v1alpha1.ApplicationSet, text *text, known []cluster.Destination,
	generator v1alpha1.ApplicationSetGenerator, origin string,
) ([]batch, error) {
	if names := unsupported(generator); len(names) > 0 {
		return nil, fmt.Errorf(".%s: this version has no %s generator, only list and clusters; nothing is changed",
			names[0], strings.Join(names, " and no "))
	}
	var batches []batch
	if list := generator.List; list != nil {
		elements, err := listElements(list, isTrue(set.Spec.GoTemplate), origin+".list")
		if err != nil {
			return nil, fmt.Errorf(".list%w", err)
		}
		batches = append(batches, batch{origin + ".list", list.Template, elements})
	}
	if clusters := generator.Clusters; clusters != nil {
		elements, err := clusterElements(clusters, text, known, origin+".clusters")
		if err != nil {
			return nil, fmt.Errorf(".clusters%w", err)
		}
		batches = append(batches, batch{origin + ".clusters", clusters.Template, elements})
	}
	if len(batches) == 0 {
		return nil, fmt.Errorf(" names no generator that this version knows: set list or clusters; nothing is changed")
	}
	return batches, nil
}

// unsupported returns the fields of generators that are set and not served.
func unsupported(generator v1alpha1.ApplicationSetGenerator) []string {
	var names []string
	for _, kind := range []struct {
		name string
		set  bool
	}{
		{"git", generator.Git != nil},
		{"scmProvider", generator.SCMProvider != nil},
		{"clusterDecisionResource", generator.ClusterDecisionResource != nil},
		{"pullRequest", generator.PullRequest != nil},
		{"matrix", generator.Matrix != nil},
		{"merge", generator.Merge != nil},
		{"plugin", generator.Plugin != nil},
	} {
		if kind.set {
			names = append(names, kind.name)
		}
	}
	return names
}

func isTrue(value *bool) bool { return value != nil && *value }
