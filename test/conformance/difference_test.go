// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"

	"github.com/capstan-dev/capstan/test/harness/peer"
)

// differences compares an object that Capstan keeps with what the peer keeps, but for metadata, for the status, which
// comes from controllers, and for who asked for an operation, which the server writes.
//
// A value that is empty may be left out: the type of its field cannot tell it from one that is absent. That holds for
// a string, a time and an object with fields of its own, for the lists of a label selector, and for all in an
// operation. It is what the peer's own clients do to an object that they write.
func differences(kind *peer.Kind, want, got map[string]any) []string {
	c := comparison{}
	c.values(relevant(want), relevant(got), kind.Schema, "")
	return c.found
}

func relevant(object map[string]any) map[string]any {
	left := maps.Clone(object)
	delete(left, "metadata")
	delete(left, "status")
	if operation, ok := left["operation"].(map[string]any); ok {
		operation = maps.Clone(operation)
		delete(operation, "initiatedBy")
		delete(operation, "info")
		left["operation"] = operation
	}
	return left
}

type comparison struct{ found []string }

func (c *comparison) values(want, got any, s *apiextensions.JSONSchemaProps, at string) {
	wanted, isMap := want.(map[string]any)
	if gotten, ok := got.(map[string]any); ok && isMap {
		c.fields(wanted, gotten, s, at)
		return
	}
	items, isList := want.([]any)
	if others, ok := got.([]any); ok && isList && len(items) == len(others) && s.Items != nil {
		for i := range items {
			c.values(items[i], others[i], s.Items.Schema, fmt.Sprintf("%s[%d]", at, i))
		}
		return
	}
	if diff := cmp.Diff(plain(want), plain(got)); diff != "" {
		c.found = append(c.found, fmt.Sprintf("%s changes (-peer +capstan):\n%s", at, diff))
	}
}

func (c *comparison) fields(want, got map[string]any, s *apiextensions.JSONSchemaProps, at string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		path, schema := at+"."+name, child(s, name)
		value, kept := got[name]
		switch {
		case kept:
			c.values(want[name], value, schema, path)
		case !mayVanish(want[name], schema, path):
			c.found = append(c.found, fmt.Sprintf("%s is lost: %v", path, want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, asked := want[name]; !asked && got[name] != nil {
			c.found = append(c.found, fmt.Sprintf("%s.%s is added: %v", at, name, got[name]))
		}
	}
}

// child returns the schema of a field or of an entry of a map, an empty one where anything may be.
func child(s *apiextensions.JSONSchemaProps, name string) *apiextensions.JSONSchemaProps {
	if found, ok := s.Properties[name]; ok {
		return &found
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		return s.AdditionalProperties.Schema
	}
	return &apiextensions.JSONSchemaProps{}
}

func mayVanish(value any, s *apiextensions.JSONSchemaProps, at string) bool {
	name := at[strings.LastIndex(at, ".")+1:]
	switch typed := value.(type) {
	case bool:
		return !typed && strings.HasPrefix(at, ".operation.")
	case int64:
		return typed == 0 && strings.HasPrefix(at, ".operation.")
	case string:
		return s.Type == "string" && (typed == "" || s.Format == "date-time" && typed == "0001-01-01T00:00:00Z")
	case []any:
		return len(typed) == 0 && (name == "matchExpressions" || name == "values")
	case map[string]any:
		if len(s.Properties) == 0 {
			return len(typed) == 0 && name == "matchLabels"
		}
		for field, inner := range typed {
			if !mayVanish(inner, child(s, field), at+"."+field) {
				return false
			}
		}
		return true
	}
	return false
}

// plain writes every number alike.
func plain(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		all := map[string]any{}
		for key, item := range typed {
			all[key] = plain(item)
		}
		return all
	case []any:
		all := make([]any, len(typed))
		for i, item := range typed {
			all[i] = plain(item)
		}
		return all
	case int64:
		return float64(typed)
	}
	return value
}
