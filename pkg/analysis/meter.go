// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysis

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

const (
	longestEvaluation = time.Second
	// mostData is how many bytes and values an evaluation may make, each counted as often as it is referred to.
	mostData = 4_000_000
)

// The meter's own functions. No identifier of an expression has a blank, so none can call them.
const (
	pulse  = "the pulse"
	charge = "the charge"
)

var (
	errTakesTooLong = fmt.Errorf("the expression takes longer than %s", longestEvaluation)
	errTooMuchData  = errors.New("the expression makes too much data")
)

// meter bounds the time and the memory of one evaluation: the library counts elements of lists, but neither the bytes
// of texts nor the rounds of loops.
type meter struct {
	deadline time.Time
	left     int
}

func newMeter() *meter {
	return &meter{deadline: time.Now().Add(longestEvaluation), left: mostData}
}

// options put the meter into an expression. What makes far more of little has bounds of its own, or is not there.
func (m *meter) options() []expr.Option {
	return []expr.Option{
		expr.Patch(metering{}),
		expr.Function(pulse, m.pulse, new(func() bool)),
		expr.Function(charge, m.charge, new(func(any) any)),
		expr.DisableBuiltin("repeat"), expr.DisableBuiltin("concat"), expr.DisableBuiltin("uniq"),
		expr.DisableBuiltin("join"), expr.Function("join", m.join, new(func([]any, string) string), new(func([]any) string),
			new(func([]string, string) string), new(func([]string) string)),
		expr.DisableBuiltin("replace"), expr.Function("replace", m.replace, new(func(string, string, string) string)),
	}
}

// pulse fails once the time is over.
func (m *meter) pulse(...any) (any, error) {
	if time.Now().After(m.deadline) {
		return nil, errTakesTooLong
	}
	return true, nil
}

// charge returns a value that was made, or fails if it is too much with all those before.
func (m *meter) charge(values ...any) (any, error) {
	if m.left -= weigh(values[0], m.left); m.left < 0 {
		return nil, errTooMuchData
	}
	return values[0], nil
}

func (m *meter) join(values ...any) (any, error) {
	var texts []string
	separator := ""
	if len(values) > 1 {
		separator, _ = values[1].(string)
	}
	switch list := values[0].(type) {
	case []string:
		texts = list
	case []any:
		for _, value := range list {
			text, isText := value.(string)
			if !isText {
				return nil, fmt.Errorf("join of a list with a %T", value)
			}
			texts = append(texts, text)
		}
	}
	if weigh(texts, mostData)+len(texts)*len(separator) > m.left {
		return nil, errTooMuchData
	}
	return strings.Join(texts, separator), nil
}

func (m *meter) replace(values ...any) (any, error) {
	var texts [3]string
	for i := range texts {
		text, isText := values[i].(string)
		if !isText {
			return nil, fmt.Errorf("replace with a %T", values[i])
		}
		texts[i] = text
	}
	if len(texts[0])+strings.Count(texts[0], texts[1])*len(texts[2]) > m.left {
		return nil, errTooMuchData
	}
	return strings.ReplaceAll(texts[0], texts[1], texts[2]), nil
}

// metering puts the pulse before the body of each predicate, as only they repeat, and a charge on what makes values.
type metering struct{}

// Visit changes a node.
func (metering) Visit(node *ast.Node) {
	switch typed := (*node).(type) {
	case *ast.PredicateNode:
		typed.Node = &ast.SequenceNode{Nodes: []ast.Node{call(pulse), typed.Node}}
	case *ast.BuiltinNode:
		if !slices.Contains(harmless, typed.Name) {
			*node = call(charge, typed)
		}
	case *ast.BinaryNode:
		if typed.Operator == "+" || typed.Operator == ".." {
			*node = call(charge, typed)
		}
	case *ast.CallNode, *ast.ArrayNode, *ast.MapNode:
		*node = call(charge, typed)
	}
}

// harmless are the functions of the language that make no text and no list.
var harmless = []string{ //nolint:gochecknoglobals // a constant in all but the word
	"all", "none", "any", "one", "find", "findIndex", "findLast", "findLastIndex", "count", "sum", "reduce", "len",
	"abs", "ceil", "floor", "round", "int", "float", "indexOf", "lastIndexOf", "hasPrefix", "hasSuffix", "max", "min",
	"mean", "median", "now", "duration", "date", "first", "last", "get",
}

func call(name string, arguments ...ast.Node) *ast.CallNode {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: arguments}
}
