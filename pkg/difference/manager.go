// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package difference

import (
	"bytes"
	"encoding/json"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// managed returns the fields of a live object that field managers own.
func managed(live map[string]any, managers []string) []Path {
	if len(managers) == 0 {
		return nil
	}
	var paths []Path
	for _, entry := range (&unstructured.Unstructured{Object: live}).GetManagedFields() {
		if !slices.Contains(managers, entry.Manager) || entry.FieldsV1 == nil {
			continue
		}
		var owned fieldpath.Set
		if owned.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())) != nil {
			continue
		}
		owned.Leaves().Iterate(func(path fieldpath.Path) {
			if found, ok := located(path, live); ok {
				paths = append(paths, found)
			}
		})
	}
	return paths
}

// located turns a path that names elements of lists by their keys into one that says where they are.
func located(path fieldpath.Path, object map[string]any) (Path, bool) {
	found := make(Path, 0, len(path))
	var at any = object
	for _, element := range path {
		step, ok := stepOf(element, at)
		if !ok {
			return nil, false
		}
		if at, ok = child(at, step); !ok {
			return nil, false
		}
		found = append(found, step)
	}
	return found, true
}

func stepOf(element fieldpath.PathElement, at any) (any, bool) {
	list, _ := at.([]any)
	switch {
	case element.FieldName != nil:
		return *element.FieldName, true
	case element.Index != nil:
		return *element.Index, true
	case element.Key != nil:
		place := slices.IndexFunc(list, func(candidate any) bool { return hasKeys(candidate, *element.Key) })
		return place, place >= 0
	case element.Value != nil:
		place := slices.IndexFunc(list, func(candidate any) bool { return same(candidate, *element.Value) })
		return place, place >= 0
	}
	return nil, false
}

func hasKeys(candidate any, keys value.FieldList) bool {
	fields, isMap := candidate.(map[string]any)
	return isMap && !slices.ContainsFunc(keys, func(key value.Field) bool { return !same(fields[key.Name], key.Value) })
}

// same compares by JSON: numbers come in several types.
func same(a any, b value.Value) bool {
	one, err := json.Marshal(a)
	if err != nil {
		return false
	}
	other, err := json.Marshal(b.Unstructured())
	return err == nil && bytes.Equal(one, other)
}
