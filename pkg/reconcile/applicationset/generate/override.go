// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// tree is a JSON object as encoding/json reads it, with numbers as they were written.
type tree = map[string]any

// treeOf returns the JSON form of a value.
func treeOf(value any) (tree, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var out tree
	if err := decoder.Decode(&out); err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	return out, nil
}

// override returns the set's template with what a generator's own template says instead.
func override(base, over *v1alpha1.ApplicationSetTemplate) (tree, error) {
	merged, err := treeOf(base)
	if err != nil || over == nil {
		return merged, err
	}
	winner, err := treeOf(over)
	if err != nil {
		return nil, err
	}
	merge(merged, winner)
	return merged, nil
}

// merge lays over on base: objects key by key, the rest as a whole where it is not empty
// (as Argo CD 3.5: mergeGeneratorTemplate). Free-form Helm values count as a whole.
func merge(base, over tree) {
	for key, value := range over {
		inner, isTree := value.(tree)
		below, wasTree := base[key].(tree)
		switch {
		case isTree && wasTree && key != "valuesObject":
			merge(below, inner)
		case !isEmpty(value):
			base[key] = value
		}
	}
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case []any:
		return len(value) == 0
	case tree:
		return len(value) == 0
	}
	return false
}
