// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/applicationset/generate"
)

// checkIgnored refuses what cannot be ignored: to go on would overwrite what the set says
// is others'.
func checkIgnored(rules v1alpha1.ApplicationSetIgnoreDifferences) error {
	for i, rule := range rules {
		field := fmt.Sprintf("spec.ignoreApplicationDifferences[%d]", i)
		if len(rule.JQPathExpressions) > 0 {
			return &generate.Failure{
				Reason: v1alpha1.ApplicationSetReasonApplicationValidationError,
				Err:    fmt.Errorf("%s.jqPathExpressions: this version knows jsonPointers only; nothing is changed", field),
			}
		}
		for j, pointer := range rule.JSONPointers {
			if !strings.HasPrefix(pointer, "/") {
				return &generate.Failure{
					Reason: v1alpha1.ApplicationSetReasonApplicationValidationError,
					Err:    fmt.Errorf("%s.jsonPointers[%d]: %q does not begin with a slash", field, j, pointer),
				}
			}
		}
	}
	return nil
}

// ignore gives adjusted the values of current where the rules point to.
func ignore(rules v1alpha1.ApplicationSetIgnoreDifferences, current, adjusted *v1alpha1.Application) error {
	var pointers []string
	for _, rule := range rules {
		if rule.Name == "" || rule.Name == current.Name {
			pointers = append(pointers, rule.JSONPointers...)
		}
	}
	if len(pointers) == 0 {
		return nil
	}
	from, err := written(current)
	if err != nil {
		return err
	}
	to, err := written(adjusted)
	if err != nil {
		return err
	}
	for _, pointer := range pointers {
		take(from, to, split(pointer))
	}
	text, err := json.Marshal(to)
	if err != nil {
		return fmt.Errorf("ignore differences of Application %s: %w", current.Name, err)
	}
	var result v1alpha1.Application
	if err := json.Unmarshal(text, &result); err != nil {
		return fmt.Errorf("ignore differences of Application %s: %w", current.Name, err)
	}
	adjusted.Spec, adjusted.Labels, adjusted.Annotations = result.Spec, result.Labels, result.Annotations
	adjusted.Finalizers = result.Finalizers
	return nil
}

// written is the JSON form of what a set writes of an Application.
func written(app *v1alpha1.Application) (map[string]any, error) {
	text, err := json.Marshal(&v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Labels: app.Labels, Annotations: app.Annotations, Finalizers: app.Finalizers},
		Spec:       app.Spec,
	})
	if err != nil {
		return nil, fmt.Errorf("read Application %s: %w", app.Name, err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var tree map[string]any
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read Application %s: %w", app.Name, err)
	}
	return tree, nil
}

// split returns the steps of an RFC 6901 pointer.
func split(pointer string) []string {
	steps := strings.Split(pointer, "/")[1:]
	for i := range steps {
		steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(steps[i])
	}
	return steps
}

// take makes to equal to from at a path: set, or absent where from has nothing there.
func take(from, to any, path []string) {
	step, last := path[0], len(path) == 1
	switch to := to.(type) {
	case map[string]any:
		source, isMap := from.(map[string]any)
		if !isMap && from != nil {
			return
		}
		value, found := source[step]
		if last {
			delete(to, step)
			if found {
				to[step] = value
			}
			return
		}
		if _, below := value.(map[string]any); below && to[step] == nil {
			to[step] = map[string]any{}
		}
		take(value, to[step], path[1:])
	case []any:
		source, isList := from.([]any)
		index, err := strconv.Atoi(step)
		if err != nil || !isList || index < 0 || index >= min(len(source), len(to)) {
			return
		}
		if last {
			to[index] = source[index]
			return
		}
		take(source[index], to[index], path[1:])
	}
}
