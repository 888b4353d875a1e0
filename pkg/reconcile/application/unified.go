// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"fmt"

	"github.com/pmezard/go-difflib/difflib"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// unified compares two versions of an object as people read them, without what every write
// changes. A version that is not there is nil.
func unified(current, next *unstructured.Unstructured) (string, error) {
	before, err := lines(current)
	if err != nil {
		return "", err
	}
	after, err := lines(next)
	if err != nil {
		return "", err
	}
	text, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: before, B: after, FromFile: "live", ToFile: "predicted", Context: 3,
	})
	if err != nil {
		return "", fmt.Errorf("compare: %w", err)
	}
	return text, nil
}

func lines(object *unstructured.Unstructured) ([]string, error) {
	if object == nil {
		return nil, nil
	}
	shown := object.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation"} {
		unstructured.RemoveNestedField(shown.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(shown.Object, "status")
	text, err := yaml.Marshal(shown.Object)
	if err != nil {
		return nil, fmt.Errorf("print %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return difflib.SplitLines(string(text)), nil
}
