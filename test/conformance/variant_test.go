// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
)

// variant is a value to put at a place, right or wrong.
type variant struct {
	name  string
	value any
	// literal is how the value is written where Go would write it otherwise.
	literal string
}

// huge is a number that needs more than 32 bits.
const huge = int64(1) << 40

// unknown is a field that no schema has, and a key that any map may have.
const unknown = "surelyUnknown"

// variants returns the values to put at a place of a schema: of its type and of others, of which a scalar and a list
// stand for all.
func variants(s *apiextensions.JSONSchemaProps) []variant {
	all := []variant{
		{name: "left out", value: absent{}},
		{name: "null", value: nil},
		{name: "a string", value: "text"},
		{name: "an empty list", value: []any{}},
	}
	switch {
	case s.XIntOrString:
		return slices.Concat(all, numbers(), []variant{{name: "an empty string", value: ""}})
	case s.Type == "integer":
		return slices.Concat(all, numbers(), []variant{{name: "a number in quotes", value: "7"}})
	case s.Type == "string":
		return append(all,
			variant{name: "a number", value: int64(7)},
			variant{name: "an empty string", value: ""},
			variant{name: "a dot", value: "."},
			variant{name: "a long string", value: strings.Repeat("long", 100)})
	case s.Type == "boolean":
		return append(all, variant{name: "true", value: true}, variant{name: "false", value: false})
	case s.Type == "array":
		return append(all,
			variant{name: "an empty object", value: map[string]any{}},
			variant{name: "a list of a null", value: []any{nil}},
			variant{name: "a list of a string", value: []any{"text"}},
			variant{name: "a list of an empty object", value: []any{map[string]any{}}})
	default:
		return append(all, objects(s)...)
	}
}

func numbers() []variant {
	return []variant{
		{name: "zero", value: int64(0)},
		{name: "a number", value: int64(7)},
		{name: "a fraction", value: 1.5},
		{name: "a whole number with a fraction", value: 3.0, literal: "3.0"},
		{name: "a huge number", value: huge},
	}
}

func objects(s *apiextensions.JSONSchemaProps) []variant {
	all := []variant{
		{name: "a boolean", value: true},
		{name: "an empty object", value: map[string]any{}},
		{name: "an object with an unknown field", value: map[string]any{unknown: "text"}},
		{name: "an object with an unknown null", value: map[string]any{unknown: nil}},
	}
	if whole, ok := sample(s).(map[string]any); ok && len(whole) > 0 {
		whole[unknown] = "text"
		all = append(all, variant{name: "a full object with an unknown field", value: whole})
	}
	return all
}
