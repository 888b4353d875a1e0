// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package difference

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/customization"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Rule selects objects, and in them fields.
type Rule struct {
	spec     v1alpha1.ResourceIgnoreDifferences
	kinds    customization.Pattern
	pointers []Path
	queries  []query
	digest   manifest.Digest
	// driven says what a controller drives, nil for a rule that somebody wrote.
	driven *driven
	// fault says why the rule cannot be read; what it is for cannot be compared.
	fault error
}

// Rules are rules that hold together.
type Rules []Rule

// Compile reads the rules of an Application; an error names the field.
func Compile(list v1alpha1.IgnoreDifferences) (Rules, error) {
	rules := make(Rules, 0, len(list))
	for i, spec := range list {
		rule, err := compile(spec)
		if err != nil {
			return nil, fmt.Errorf("spec.ignoreDifferences[%d].%w", i, err)
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// OfKinds returns the rules of what argocd-cm says of kinds. One that cannot be read keeps the objects
// that it is for from being compared: they might be written over.
func OfKinds(list []customization.Differences) Rules {
	rules := make(Rules, 0, len(list))
	for _, said := range list {
		rule, err := compile(v1alpha1.ResourceIgnoreDifferences{
			Kind: string(said.Pattern), JSONPointers: said.JSONPointers, JQPathExpressions: said.JQPathExpressions,
			ManagedFieldsManagers: said.ManagedFieldsManagers,
		})
		if err != nil {
			rule.fault = fmt.Errorf("key %s of ConfigMap %s: %w", said.Key, customization.ConfigMap, err)
		}
		if said.Fault != nil {
			rule.fault = said.Fault
		}
		rule.kinds = said.Pattern
		rules = append(rules, rule)
	}
	return rules
}

// Fault returns why the first rule that cannot be read cannot, nil where all can.
func (r Rules) Fault() error {
	for _, rule := range r {
		if rule.fault != nil {
			return rule.fault
		}
	}
	return nil
}

func compile(spec v1alpha1.ResourceIgnoreDifferences) (Rule, error) {
	kinds := spec.Kind
	if spec.Group != "" {
		kinds = spec.Group + "/" + spec.Kind
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return Rule{}, fmt.Errorf("encode: %w", err)
	}
	rule := Rule{spec: spec, kinds: customization.Pattern(kinds), digest: manifest.DigestOf(text)}
	for i, text := range spec.JSONPointers {
		path, err := pointer(text)
		if err != nil {
			return Rule{}, fmt.Errorf("jsonPointers[%d]: %w", i, err)
		}
		rule.pointers = append(rule.pointers, path)
	}
	for i, text := range spec.JQPathExpressions {
		compiled, err := parse(text)
		if err != nil {
			return Rule{}, fmt.Errorf("jqPathExpressions[%d]: %w", i, err)
		}
		rule.queries = append(rule.queries, compiled)
	}
	return rule, nil
}

// Of returns the rules that are for an object.
func (r Rules) Of(key manifest.Key) Rules {
	var matching Rules
	for _, rule := range r {
		if rule.matches(key) {
			matching = append(matching, rule)
		}
	}
	return matching
}

func (r Rule) matches(key manifest.Key) bool {
	return r.kinds.Matches(key.GroupKind()) && (r.spec.Name == "" || r.spec.Name == key.Name) &&
		(r.spec.Namespace == "" || r.spec.Namespace == key.Namespace)
}

// OfControllers returns the rules that are for what controllers drive, whatever the options of an Application.
func (r Rules) OfControllers() Rules {
	return slices.DeleteFunc(slices.Clone(r), func(rule Rule) bool { return rule.driven == nil })
}

// Digest tells rules from others, zero where there are none.
func (r Rules) Digest() manifest.Digest {
	if len(r) == 0 {
		return manifest.Digest{}
	}
	var all []byte
	for _, rule := range r {
		all = append(all, rule.digest[:]...)
	}
	return manifest.DigestOf(all)
}

// selected returns the fields of an object that the rules select. The managers are those of live,
// the object as the destination holds it.
func (r Rules) selected(object, live map[string]any) ([]Path, error) {
	var paths []Path
	if err := r.Fault(); err != nil {
		return nil, err
	}
	for _, rule := range r {
		for _, path := range rule.pointers {
			resolved := path.resolve(object)
			if _, found := resolved.in(object); found {
				paths = append(paths, resolved)
			}
		}
		for _, expression := range rule.queries {
			found, err := expression.paths(object)
			if err != nil {
				return nil, err
			}
			paths = append(paths, found...)
		}
		for _, path := range managed(live, rule.spec.ManagedFieldsManagers) {
			if translated, found := path.translate(live, object); found {
				paths = append(paths, translated)
			}
		}
	}
	return paths, nil
}
