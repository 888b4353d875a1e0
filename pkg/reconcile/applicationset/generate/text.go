// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/template"

	"github.com/valyala/fasttemplate"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// text fills the templates of one set.
type text struct {
	goTemplate bool
	options    []string
	functions  template.FuncMap
	parsed     map[string]*template.Template
	meter      *meter
}

func newText(set *v1alpha1.ApplicationSet) *text {
	t := &text{
		goTemplate: isTrue(set.Spec.GoTemplate),
		options:    set.Spec.GoTemplateOptions,
		parsed:     map[string]*template.Template{},
		meter:      newMeter(),
	}
	if t.goTemplate {
		t.functions = t.meter.functions()
	}
	return t
}

// begin allows for one more Application.
func (t *text) begin() { t.meter.begin() }

// fill returns a copy of value with every string in it expanded, keys included. Errors
// begin with the path.
func (t *text) fill(path string, value any, params tree) (any, error) {
	switch value := value.(type) {
	case string:
		out, err := t.expand(value, params)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return out, nil
	case []any:
		return t.fillList(path, value, params)
	case tree:
		return t.fillTree(path, value, params)
	}
	return value, nil
}

func (t *text) fillList(path string, list []any, params tree) ([]any, error) {
	out := make([]any, 0, len(list))
	for i, each := range list {
		filled, err := t.fill(fmt.Sprintf("%s[%d]", path, i), each, params)
		if err != nil {
			return nil, err
		}
		out = append(out, filled)
	}
	return out, nil
}

func (t *text) fillTree(path string, values, params tree) (tree, error) {
	out := make(tree, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		name, err := t.expand(key, params)
		if err != nil {
			return nil, fmt.Errorf("%s: key %q: %w", path, key, err)
		}
		if _, taken := out[name]; taken {
			return nil, fmt.Errorf("%s: two keys become %q", path, name)
		}
		if out[name], err = t.fill(path+"."+key, values[key], params); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// addValues adds a generator's values, which may use the other parameters but not each
// other: they are added when all are expanded.
func (t *text) addValues(params tree, values map[string]string) error {
	t.begin()
	expanded := tree{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value, err := t.expand(values[key], params)
		if err != nil {
			return fmt.Errorf(".%s: %w", key, err)
		}
		expanded[key] = value
	}
	switch {
	case len(values) == 0:
	case t.goTemplate:
		params["values"] = expanded
	default:
		for key, value := range expanded {
			params["values."+key] = value
		}
	}
	return nil
}

// expand fills one string.
func (t *text) expand(source string, params tree) (string, error) {
	if !strings.Contains(source, "{{") {
		return source, t.meter.use(len(source))
	}
	out := &output{meter: t.meter}
	if t.goTemplate {
		parsed, err := t.parse(source)
		if err != nil {
			return "", err
		}
		err = parsed.Execute(out, params)
		return out.String(), err
	}
	parsed, err := fasttemplate.NewTemplate(source, "{{", "}}")
	if err != nil {
		// What does not close is no placeholder.
		return source, t.meter.use(len(source))
	}
	_, err = parsed.ExecuteFunc(out, func(w io.Writer, tag string) (int, error) {
		if value, known := params[strings.TrimSpace(tag)].(string); known {
			return io.WriteString(w, value)
		}
		return io.WriteString(w, "{{"+tag+"}}")
	})
	return out.String(), err
}
