// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
)

// Generated is one Application and where it came from.
type Generated struct {
	// Origin names the generator's element.
	Origin      string
	Application *v1alpha1.Application
}

// Output is what an ApplicationSet amounts to.
type Output struct {
	// Applications are the valid ones, ordered by name.
	Applications []Generated
	// Problems say why elements gave no valid Application.
	Problems []*Failure
}

// Applications makes the Applications of a set. An error says that not all parameters
// could be generated: then nothing is known of what the set should be.
func Applications(set *v1alpha1.ApplicationSet, destinations []cluster.Destination) (Output, error) {
	if set.Spec.Template == nil || set.Spec.Template.Spec == nil {
		return Output{}, noTemplate("spec.template.spec is missing: say what the Applications deploy")
	}
	text := newText(set)
	batches, err := parameters(set, text, destinations)
	if err != nil {
		return Output{}, err
	}
	var out Output
	for _, batch := range batches {
		template, err := override(set.Spec.Template, batch.template)
		if err != nil {
			return Output{}, noTemplate("%s: %w", batch.origin, err)
		}
		out.fill(set, text, template, batch.elements)
	}
	out.validate(set)
	return out, nil
}

// fill adds one Application for each element.
func (o *Output) fill(set *v1alpha1.ApplicationSet, text *text, template tree, elements []element) {
	for _, element := range elements {
		app, err := build(set, text, template, element.params)
		if err != nil {
			o.Problems = append(o.Problems, noTemplate("%s: %w", element.origin, err))
			continue
		}
		o.Applications = append(o.Applications, Generated{Origin: element.origin, Application: app})
	}
}

// validate takes out what cannot be an Application of the set. Of those with one name none
// stays: which is meant cannot be told.
func (o *Output) validate(set *v1alpha1.ApplicationSet) {
	slices.SortStableFunc(o.Applications, func(a, b Generated) int {
		return cmp.Compare(a.Application.Name, b.Application.Name)
	})
	origins := map[string][]string{}
	for _, made := range o.Applications {
		origins[made.Application.Name] = append(origins[made.Application.Name], made.Origin)
	}
	o.Applications = slices.DeleteFunc(o.Applications, func(made Generated) bool {
		problem := validate(set, made, origins[made.Application.Name])
		if problem != nil {
			o.Problems = append(o.Problems, problem)
		}
		return problem != nil
	})
	for _, made := range o.Applications {
		made.Application.Namespace = set.Namespace
	}
}

func validate(set *v1alpha1.ApplicationSet, made Generated, origins []string) *Failure {
	app := made.Application
	switch faults := validation.IsDNS1123Subdomain(app.Name); {
	case app.Name == "":
		return noApplication("%s: spec.template.metadata.name gives an empty name", made.Origin)
	case len(faults) > 0:
		return noApplication("%s: spec.template.metadata.name gives %q: %s", made.Origin, app.Name, faults[0])
	case app.Namespace != "" && app.Namespace != set.Namespace:
		return noApplication("%s: spec.template.metadata.namespace gives %q: Applications live in the namespace "+
			"of their ApplicationSet, %q; remove the field", made.Origin, app.Namespace, set.Namespace)
	case len(origins) > 1:
		return noApplication("duplicate name: %s and %s both give an Application %q; make spec.template.metadata.name unique",
			origins[0], origins[1], app.Name)
	}
	return nil
}
