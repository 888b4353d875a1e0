// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package difference

import (
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Keep returns what Git wants with the values that the live object has in the fields of the rules.
// Of lists, only elements that Git has, too, are kept; a field that the live object lacks goes.
func (r Rules) Keep(wanted, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	kept := r.drive(wanted, live)
	source := live.DeepCopy().Object
	ignored, err := r.selected(source, source)
	if err != nil {
		return nil, err
	}
	for _, path := range ignored {
		if translated, found := path.translate(source, kept.Object); found {
			value, _ := path.in(source)
			translated.set(kept.Object, value)
		}
	}
	if ignored, err = r.selected(kept.Object, source); err != nil {
		return nil, err
	}
	var gone []Path
	for _, path := range ignored {
		translated, _ := path.translate(kept.Object, source)
		if _, found := translated.in(source); !found {
			gone = append(gone, path)
		}
	}
	without(kept.Object, gone)
	return kept, nil
}

// Same reports whether two states of an object differ in nothing but the fields of the rules, and
// what every write changes.
func (r Rules) Same(live, predicted *unstructured.Unstructured) (bool, error) {
	one, err := r.rest(live, live)
	if err != nil {
		return false, err
	}
	other, err := r.rest(predicted, live)
	return reflect.DeepEqual(one, other), err
}

func (r Rules) rest(object, live *unstructured.Unstructured) (map[string]any, error) {
	rest := object.DeepCopy().Object
	ignored, err := r.selected(rest, live.Object)
	if err != nil {
		return nil, err
	}
	without(rest, ignored)
	for _, field := range []string{"managedFields", "resourceVersion", "generation"} {
		unstructured.RemoveNestedField(rest, "metadata", field)
	}
	delete(rest, "status")
	return rest, nil
}
