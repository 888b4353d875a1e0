// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"fmt"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// find returns a copy of an object that has to be there.
func (l Live) find(ref Ref) (*unstructured.Unstructured, error) {
	object := l[ref]
	if object == nil {
		return nil, fmt.Errorf("the %s is missing: create it, or take it out of the Rollout", ref)
	}
	return object.DeepCopy(), nil
}

// update returns the change from the live object to another one, none where they are equal.
func (l Live) update(ref Ref, object *unstructured.Unstructured) []Change {
	if reflect.DeepEqual(l[ref].Object, object.Object) {
		return nil
	}
	return []Change{{Ref: ref, Object: object}}
}

// list returns the objects in a list, to be changed in place; a list that is missing is empty.
func list(object map[string]any, path ...string) ([]map[string]any, error) {
	value, found, err := unstructured.NestedFieldNoCopy(object, path...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(path, "."), err)
	}
	if !found || value == nil {
		return nil, nil
	}
	items, is := value.([]any)
	if !is {
		return nil, fmt.Errorf("%s is not a list", strings.Join(path, "."))
	}
	entries := make([]map[string]any, 0, len(items))
	for index, item := range items {
		entry, is := item.(map[string]any)
		if !is {
			return nil, fmt.Errorf("%s[%d] is not an object", strings.Join(path, "."), index)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// slice returns objects as the list that an object can hold.
func slice(entries []map[string]any) []any {
	items := make([]any, 0, len(entries))
	for _, entry := range entries {
		items = append(items, entry)
	}
	return items
}

// object returns an object in an object, nil where it is missing.
func object(parent map[string]any, key string) map[string]any {
	child, _ := parent[key].(map[string]any)
	return child
}

// text returns a string in an object, empty where it is missing.
func text(parent map[string]any, key string) string {
	value, _ := parent[key].(string)
	return value
}

// number returns a number in an object.
func number(value any) (int64, bool) {
	switch n := value.(type) {
	case int64:
		return n, true
	case float64:
		return int64(n), n == float64(int64(n))
	default:
		return 0, false
	}
}

// weigh sets the weight of a destination, and leaves it as it is written where it is that number already.
func weigh(destination map[string]any, weight int64) {
	if current, is := number(destination["weight"]); is && current == weight {
		return
	}
	destination["weight"] = weight
}

// clone returns a deep copy.
func clone(entry map[string]any) map[string]any { return runtime.DeepCopyJSON(entry) }
