// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kube-openapi/pkg/util"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"github.com/capstan-dev/capstan/pkg/generated/openapi"
)

// Requirements finds required fields that an object leaves out, as the schema of a CustomResourceDefinition does. It
// holds the names of the required fields by the OpenAPI model of a type.
type Requirements map[string][]string

// NewRequirements returns the requirements of every kind.
func NewRequirements() Requirements {
	requirements := Requirements{}
	for model, definition := range openapi.GetOpenAPIDefinitions(func(string) spec.Ref { return spec.Ref{} }) {
		if required := definition.Schema.Required; len(required) > 0 {
			requirements[model] = required
		}
	}
	return requirements
}

// Missing names the required fields under a value that are absent, the first of them where they are many. A string or
// number that is empty is not: whether it was written is known only when the object is read, and is checked there.
func (r Requirements) Missing(value any, at *field.Path) field.ErrorList {
	return Few(r.missing(reflect.ValueOf(value), at))
}

func (r Requirements) missing(value reflect.Value, at *field.Path) field.ErrorList {
	switch {
	case value.Kind() == reflect.Pointer && !value.IsNil():
		return r.missing(value.Elem(), at)
	case value.Kind() == reflect.Struct && !value.Type().Implements(reflect.TypeFor[json.Marshaler]()):
		return r.missingFields(value, r[util.GetCanonicalTypeName(value.Interface())], at)
	}
	var problems field.ErrorList
	switch value.Kind() {
	case reflect.Slice:
		for i := range value.Len() {
			problems = append(problems, r.missing(value.Index(i), at.Index(i))...)
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			problems = append(problems, r.missing(value.MapIndex(key), at.Key(key.String()))...)
		}
	}
	return problems
}

func (r Requirements) missingFields(value reflect.Value, required []string, at *field.Path) field.ErrorList {
	var problems field.ErrorList
	for i := range value.NumField() {
		name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		path := at
		if name != "" {
			path = at.Child(name)
		}
		if slices.Contains(required, name) && absent(value.Field(i)) {
			problems = append(problems, field.Required(path, "give it a value"))
		}
		problems = append(problems, r.missing(value.Field(i), path)...)
	}
	return problems
}

// absent says that a field has no value of its type.
func absent(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return value.IsNil()
	case reflect.Struct:
		return value.IsZero() && value.Type().Implements(reflect.TypeFor[json.Marshaler]())
	default:
		return false
	}
}
