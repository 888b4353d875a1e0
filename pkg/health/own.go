// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"errors"
	"fmt"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/customization"
)

// ownRule is a user's rule. One that cannot be compiled fails whenever it is asked, and so does what it
// rates become Unknown instead of being rated by another rule unawares.
type ownRule struct {
	customization.Rule
	run func(object map[string]any) (*Health, error)
}

// same reports whether two rules rate alike; nil is no rule.
func same(a, b *ownRule) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Key == b.Key && a.Lua == b.Lua && a.CEL == b.CEL
}

// Book holds the rules that are in force, which users may change while it is read.
type Book struct {
	shipped *Rules
	current atomic.Pointer[Rules]
}

// NewBook returns a book of the shipped rules alone.
func NewBook() (*Book, error) {
	shipped, err := NewRules()
	if err != nil {
		return nil, err
	}
	b := &Book{shipped: shipped}
	b.current.Store(shipped)
	return b, nil
}

// Has tells whether a rule assesses the kind.
func (b *Book) Has(kind schema.GroupKind) bool { return b.current.Load().Has(kind) }

// Assess rates an object by the rules in force.
func (b *Book) Assess(object *unstructured.Unstructured) (*Health, error) {
	return b.current.Load().Assess(object)
}

// Rate is Assess, and names the rule that answered; the name is "" where none knows the kind.
func (b *Book) Rate(object *unstructured.Unstructured) (*Health, string, error) {
	return b.current.Load().Rate(object)
}

// Set puts a user's rules before the shipped ones, in place of those before. It returns which kinds are
// rated by another rule now.
func (b *Book) Set(own []customization.Rule) func(schema.GroupKind) bool {
	before, after := b.current.Load(), b.shipped.with(own)
	b.current.Store(after)
	return func(kind schema.GroupKind) bool { return !same(before.ownRule(kind), after.ownRule(kind)) }
}

// RuleOf compiles one rule that nobody keeps: in Lua, or where that is "" in CEL.
func (b *Book) RuleOf(lua, cel string) (func(*unstructured.Unstructured) (*Health, error), error) {
	run, err := b.shipped.compileOwn(customization.Rule{Key: "rule", Lua: lua, CEL: cel})
	if err != nil {
		return nil, err
	}
	return func(object *unstructured.Unstructured) (*Health, error) { return run(object.Object) }, nil
}

// with returns the rules with a user's before them.
func (r *Rules) with(own []customization.Rule) *Rules {
	rules := *r
	rules.own = nil
	for _, rule := range own {
		if rule.Pattern == "" {
			continue
		}
		run, err := r.compileOwn(rule)
		if err != nil {
			fault := fmt.Errorf("%s of ConfigMap %s: %w", rule.Key, customization.ConfigMap, err)
			run = func(map[string]any) (*Health, error) { return nil, fault }
		}
		rules.own = append(rules.own, &ownRule{Rule: rule, run: run})
	}
	return &rules
}

func (r *Rules) compileOwn(rule customization.Rule) (func(map[string]any) (*Health, error), error) {
	switch {
	case rule.Fault != nil:
		return nil, rule.Fault
	case rule.Lua != "":
		compiled, err := compile(rule.Key, rule.Lua, r.tools)
		if err != nil {
			return nil, err
		}
		return compiled.run, nil
	case rule.CEL != "":
		compiled, err := compileCEL(rule.CEL)
		if err != nil {
			return nil, err
		}
		return compiled.run, nil
	}
	return nil, errors.New("the rule is empty; write one, or remove the key")
}

// ownRule returns the user's rule of a kind, or nil.
func (r *Rules) ownRule(kind schema.GroupKind) *ownRule {
	for _, rule := range r.own {
		if rule.Matches(kind) {
			return rule
		}
	}
	return nil
}
