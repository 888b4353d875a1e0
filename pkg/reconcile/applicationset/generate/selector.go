// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// filter keeps the elements whose parameters a selector matches. Unlike labels, values may
// be any text, such as a server's URL (as Argo CD 3.5: utils/selector.go).
func filter(selector *metav1.LabelSelector, elements []element) ([]element, error) {
	if selector == nil {
		return elements, nil
	}
	for i, expression := range selector.MatchExpressions {
		if err := checkExpression(expression); err != nil {
			return nil, fmt.Errorf("matchExpressions[%d]: %w", i, err)
		}
	}
	var kept []element
	for _, each := range elements {
		flat := map[string]string{}
		flatten(flat, "", each.params)
		if matches(selector, flat) {
			kept = append(kept, each)
		}
	}
	return kept, nil
}

func checkExpression(expression metav1.LabelSelectorRequirement) error {
	switch expression.Operator {
	case metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn:
		if len(expression.Values) == 0 {
			return fmt.Errorf("values: %s needs at least one", expression.Operator)
		}
	case metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist:
		if len(expression.Values) > 0 {
			return fmt.Errorf("values: %s takes none", expression.Operator)
		}
	default:
		return fmt.Errorf("operator: %q is none of In, NotIn, Exists, DoesNotExist", expression.Operator)
	}
	return nil
}

func matches(selector *metav1.LabelSelector, flat map[string]string) bool {
	for key, want := range selector.MatchLabels {
		if value, found := flat[key]; !found || value != want {
			return false
		}
	}
	for _, expression := range selector.MatchExpressions {
		value, found := flat[expression.Key]
		listed := found && slices.Contains(expression.Values, value)
		switch expression.Operator {
		case metav1.LabelSelectorOpIn:
			found = listed
		case metav1.LabelSelectorOpNotIn:
			found = !listed
		case metav1.LabelSelectorOpDoesNotExist:
			found = !found
		}
		if !found {
			return false
		}
	}
	return true
}

// flatten names every value by its path, with dots between keys and list positions.
func flatten(flat map[string]string, path string, value any) {
	below := func(key string) string {
		if path == "" {
			return key
		}
		return path + "." + key
	}
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			flatten(flat, below(key), inner)
		}
	case []any:
		for i, inner := range value {
			flatten(flat, below(fmt.Sprint(i)), inner)
		}
	default:
		flat[path] = fmt.Sprint(value)
	}
}
