// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"encoding/json"
	"errors"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// listElements returns the elements that a list generator spells out (as Argo CD 3.5:
// generators/list.go).
func listElements(list *v1alpha1.ListGenerator, goTemplate bool, origin string) ([]element, error) {
	var elements []element
	for i, raw := range list.Elements {
		params := map[string]any{}
		if err := json.Unmarshal(raw.Raw, &params); err != nil || params == nil {
			return nil, fmt.Errorf(".elements[%d]: not an object of parameters", i)
		}
		if !goTemplate {
			flat, err := flatStrings(params)
			if err != nil {
				return nil, fmt.Errorf(".elements[%d]%w", i, err)
			}
			params = flat
		}
		elements = append(elements, element{fmt.Sprintf("%s.elements[%d]", origin, i), params})
	}
	further, err := yamlElements(list.ElementsYaml, origin)
	if err != nil {
		return nil, fmt.Errorf(".elementsYaml: %w", err)
	}
	return append(elements, further...), nil
}

func yamlElements(text, origin string) ([]element, error) {
	var all []map[string]any
	if err := yaml.Unmarshal([]byte(text), &all); err != nil {
		return nil, errors.New("not a YAML list of objects")
	}
	elements := make([]element, 0, len(all))
	for i, params := range all {
		if params == nil {
			return nil, fmt.Errorf("entry %d is not an object of parameters", i)
		}
		elements = append(elements, element{fmt.Sprintf("%s.elementsYaml[%d]", origin, i), params})
	}
	return elements, nil
}

// flatStrings gives parameters the form that {{key}} reads: strings, and those under
// "values" as values.key.
func flatStrings(params map[string]any) (map[string]any, error) {
	flat := make(map[string]any, len(params))
	for key, value := range params {
		switch value := value.(type) {
		case string:
			flat[key] = value
		case map[string]any:
			if key != "values" {
				return nil, notString(key)
			}
			for name, inner := range value {
				if _, isString := inner.(string); !isString {
					return nil, notString("values." + name)
				}
				flat["values."+name] = inner
			}
		default:
			return nil, notString(key)
		}
	}
	return flat, nil
}

func notString(key string) error {
	return fmt.Errorf(".%s: not a string: quote it, or set spec.goTemplate", key)
}
