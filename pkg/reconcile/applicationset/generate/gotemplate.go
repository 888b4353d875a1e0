// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"fmt"
	"strings"
	"text/template"
	"text/template/parse"
)

// The functions that are put into parsed templates. No template can need names like these.
const (
	stepFunction  = "_step"
	boundFunction = "_bound"
)

// parse returns a Go template whose loops and output are metered. Each is parsed once.
func (t *text) parse(source string) (*template.Template, error) {
	if known := t.parsed[source]; known != nil {
		return known, nil
	}
	if len(source) > maxSource {
		return nil, fmt.Errorf("a Go template has more than %d bytes: make it smaller", maxSource)
	}
	made := template.New("").Funcs(t.functions)
	for i, option := range t.options {
		if err := checkOption(option); err != nil {
			return nil, fmt.Errorf("spec.goTemplateOptions[%d]: %w", i, err)
		}
		made.Option(option)
	}
	made, err := made.Parse(source)
	if err != nil {
		return nil, err
	}
	if err := t.instrument(made); err != nil {
		return nil, err
	}
	t.parsed[source] = made
	return made, nil
}

// checkOption accepts what text/template does, which panics at the rest.
func checkOption(option string) error {
	name, value, _ := strings.Cut(option, "=")
	switch value {
	case "default", "invalid", "zero", "error":
		if name == "missingkey" {
			return nil
		}
	}
	return fmt.Errorf("%q is none of missingkey=default, missingkey=zero, missingkey=error", option)
}

// instrument makes every turn of a loop and every call of a defined template a step, and
// has every value weighed before it is printed. The engine itself cannot be interrupted.
func (t *text) instrument(made *template.Template) error {
	sample, err := template.New("").Funcs(t.functions).Parse("{{" + stepFunction + "}}{{0 | " + boundFunction + "}}")
	if err != nil {
		return fmt.Errorf("prepare the template: %w", err)
	}
	nodes := sample.Root.Nodes
	step, isStep := nodes[0].(*parse.ActionNode)
	bound, isBound := nodes[1].(*parse.ActionNode)
	if !isStep || !isBound {
		return fmt.Errorf("prepare the template: the parser gave %T and %T", nodes[0], nodes[1])
	}
	meters := probes{step: step, bound: bound.Pipe.Cmds[1]}
	for _, each := range made.Templates() {
		if each.Tree != nil {
			meters.list(each.Root)
			meters.stepInto(each.Root)
		}
	}
	return nil
}

// probes are the nodes that are put into trees.
type probes struct {
	step  *parse.ActionNode
	bound *parse.CommandNode
}

func (p probes) stepInto(list *parse.ListNode) {
	list.Nodes = append([]parse.Node{p.step.Copy()}, list.Nodes...)
}

func (p probes) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		p.node(node)
	}
}

func (p probes) node(node parse.Node) {
	switch node := node.(type) {
	case *parse.ActionNode:
		if copied, isCommand := p.bound.Copy().(*parse.CommandNode); isCommand && len(node.Pipe.Decl) == 0 {
			node.Pipe.Cmds = append(node.Pipe.Cmds, copied)
		}
	case *parse.IfNode:
		p.list(node.List)
		p.list(node.ElseList)
	case *parse.WithNode:
		p.list(node.List)
		p.list(node.ElseList)
	case *parse.RangeNode:
		p.list(node.List)
		p.list(node.ElseList)
		p.stepInto(node.List)
	}
}
