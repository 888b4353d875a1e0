// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"fmt"
	"math"
	"strings"
)

// fields reads values out of an object and keeps the first that has not the type its kind
// promises; a value that is absent or null reads as the zero value.
type fields struct {
	object map[string]any
	err    error
}

// condition is an entry of status.conditions.
type condition struct {
	kind, status, reason, message string
}

// read returns the value at path inside from, and whether there is one.
func (f *fields) read(from map[string]any, path []string) (any, bool) {
	for i, name := range path {
		value, found := from[name]
		if !found || value == nil {
			return nil, false
		}
		if i == len(path)-1 {
			return value, true
		}
		next, isMap := value.(map[string]any)
		if !isMap {
			f.wrong(path[:i+1], "an object", value)
			return nil, false
		}
		from = next
	}
	return nil, false
}

func (f *fields) wrong(path []string, want string, value any) {
	if f.err == nil {
		f.err = fmt.Errorf("field %s is %T, not %s", strings.Join(path, "."), value, want)
	}
}

func (f *fields) text(path ...string) string { return f.textIn(f.object, path...) }

func (f *fields) textIn(from map[string]any, path ...string) string {
	value, found := f.read(from, path)
	if !found {
		return ""
	}
	text, isText := value.(string)
	if !isText {
		f.wrong(path, "text", value)
	}
	return text
}

func (f *fields) flag(path ...string) bool {
	value, found := f.read(f.object, path)
	if !found {
		return false
	}
	flag, isFlag := value.(bool)
	if !isFlag {
		f.wrong(path, "true or false", value)
	}
	return flag
}

func (f *fields) number(path ...string) int64 {
	number, _ := f.optionalNumber(path...)
	return number
}

// optionalNumber returns the whole number at path, and whether there is one.
func (f *fields) optionalNumber(path ...string) (int64, bool) {
	return f.numberIn(f.object, path...)
}

func (f *fields) numberIn(from map[string]any, path ...string) (int64, bool) {
	value, found := f.read(from, path)
	if !found {
		return 0, false
	}
	switch number := value.(type) {
	case int64:
		return number, true
	case int:
		return int64(number), true
	case float64:
		if number == math.Trunc(number) && math.Abs(number) < 1<<53 {
			return int64(number), true
		}
	}
	f.wrong(path, "a whole number", value)
	return 0, false
}

func (f *fields) objectIn(from map[string]any, path ...string) map[string]any {
	value, found := f.read(from, path)
	if !found {
		return nil
	}
	object, isObject := value.(map[string]any)
	if !isObject {
		f.wrong(path, "an object", value)
	}
	return object
}

// has tells whether there is a value at path.
func (f *fields) has(path ...string) bool {
	_, found := f.read(f.object, path)
	return found
}

// list returns the objects of the list at path.
func (f *fields) list(path ...string) []map[string]any { return f.listIn(f.object, path...) }

func (f *fields) listIn(from map[string]any, path ...string) []map[string]any {
	value, found := f.read(from, path)
	if !found {
		return nil
	}
	values, isList := value.([]any)
	if !isList {
		f.wrong(path, "a list", value)
		return nil
	}
	objects := make([]map[string]any, 0, len(values))
	for _, value := range values {
		object, isObject := value.(map[string]any)
		if !isObject {
			f.wrong(path, "a list of objects", value)
			return nil
		}
		objects = append(objects, object)
	}
	return objects
}

func (f *fields) conditions() []condition {
	list := f.list("status", "conditions")
	conditions := make([]condition, 0, len(list))
	for _, entry := range list {
		conditions = append(conditions, condition{
			kind:    f.textIn(entry, "type"),
			status:  f.textIn(entry, "status"),
			reason:  f.textIn(entry, "reason"),
			message: f.textIn(entry, "message"),
		})
	}
	return conditions
}

// condition returns the first condition of the kind, or nil.
func (f *fields) condition(kind string) *condition {
	for _, found := range f.conditions() {
		if found.kind == kind {
			return &found
		}
	}
	return nil
}

// withStatus tells whether there is a condition of the kind and with the status.
func (f *fields) withStatus(kind, status string) bool {
	for _, found := range f.conditions() {
		if found.kind == kind && found.status == status {
			return true
		}
	}
	return false
}

// unobserved tells whether the controller has not yet seen the object's latest spec.
func (f *fields) unobserved() bool {
	return f.number("metadata", "generation") > f.number("status", "observedGeneration")
}
