// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
)

// place is a value that a schema describes: the way to it from the object, field by field.
type place []step

// step is a field of an object, an item of a list or an entry of a map, and its schema.
type step struct {
	name   string
	schema *apiextensions.JSONSchemaProps
}

const (
	item  = "[]"
	entry = "{}"
)

func (p place) String() string {
	text := ""
	for _, s := range p[1:] {
		if s.name != item && text != "" {
			text += "."
		}
		text += s.name
	}
	return text
}

func (p place) schema() *apiextensions.JSONSchemaProps {
	return p[len(p)-1].schema
}

func (p place) to(name string, schema apiextensions.JSONSchemaProps) place {
	return append(slices.Clone(p), step{name, &schema})
}

// places returns the places in the objects of a schema. A schema that was gone through before, at another place, is not
// gone through again: seen notes those.
func places(t *testing.T, root *apiextensions.JSONSchemaProps, seen map[string]bool) []place {
	t.Helper()
	var found []place
	var walk func(p place)
	walk = func(p place) {
		found = append(found, p)
		text, err := json.Marshal(p.schema())
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(text)] {
			return
		}
		seen[string(text)] = true
		for _, next := range under(p) {
			walk(next)
		}
	}
	for _, p := range under(place{{schema: root}}) {
		if name := p[1].name; name == "spec" || name == "operation" {
			walk(p)
		}
	}
	return found
}

// under returns the places one step further.
func under(p place) []place {
	var found []place
	s := p.schema()
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		found = append(found, p.to(name, s.Properties[name]))
	}
	if s.Items != nil && s.Items.Schema != nil {
		found = append(found, p.to(item, *s.Items.Schema))
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		found = append(found, p.to(entry, *s.AdditionalProperties.Schema))
	}
	return found
}

// absent stands for a value that is left out.
type absent struct{}

// with returns the smallest object that the schema accepts, but for the value at the place.
func (p place) with(value any) any {
	if len(p) == 1 {
		return value
	}
	inner := p[1:].with(value)
	switch whole := sample(p[0].schema).(type) {
	case []any:
		if inner != (absent{}) {
			whole = []any{inner}
		}
		return whole
	case map[string]any:
		name := p[1].name
		if name == entry {
			name = "key"
		}
		whole[name] = inner
		if inner == (absent{}) {
			delete(whole, name)
		}
		return whole
	}
	return inner
}

// sample returns the smallest value that a schema accepts.
func sample(s *apiextensions.JSONSchemaProps) any {
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.XIntOrString || s.Type == "integer":
		return int64(1)
	}
	switch s.Type {
	case "array":
		return []any{}
	case "boolean":
		return true
	case "string":
		if s.Format == "date-time" {
			return "2026-01-02T03:04:05Z"
		}
		return "some"
	}
	fields := map[string]any{}
	for _, name := range s.Required {
		child := s.Properties[name]
		fields[name] = sample(&child)
	}
	return fields
}
