// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/strvals"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// helmValues merges the values of the options, each over the ones before: files, values,
// parameters, parameters that are strings, files as parameters.
func (w *work) helmValues(options v1alpha1.ApplicationSourceHelm) (map[string]any, error) {
	values := map[string]any{}
	files, err := w.valueFiles(options)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		var data []byte
		if data, err = file.links.read(file.path); err != nil {
			return nil, err
		}
		if values, err = mergeValues(values, data); err != nil {
			return nil, fault(ReasonInvalid, file.path, "is not a file of values: %s", concise(err))
		}
	}
	field, inline := "values", []byte(options.Values)
	if object := options.ValuesObject; object != nil && len(object.Raw) > 0 && string(object.Raw) != "null" {
		field, inline = "valuesObject", object.Raw
	}
	if values, err = mergeValues(values, inline); err != nil {
		return nil, fault(ReasonInvalid, "", "spec.source.helm.%s must be a map: %s", field, concise(err))
	}
	return values, w.setParameters(options, values)
}

func mergeValues(values map[string]any, data []byte) (map[string]any, error) {
	more, err := loader.LoadValues(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return loader.MergeMaps(values, more), nil
}

func (w *work) setParameters(options v1alpha1.ApplicationSourceHelm, values map[string]any) error {
	for _, asString := range []bool{false, true} {
		parse := strvals.ParseInto
		if asString {
			parse = strvals.ParseIntoString
		}
		for _, parameter := range options.Parameters {
			if isTrue(parameter.ForceString) != asString {
				continue
			}
			value := substitute(parameter.Value, w.pipe.variable)
			if err := parse(parameter.Name+"="+escapeCommas(value), values); err != nil {
				return fault(ReasonInvalid, "", "spec.source.helm.parameters: %q cannot be set: %s", parameter.Name, concise(err))
			}
		}
	}
	for _, parameter := range options.FileParameters {
		file, err := w.locate("fileParameters", parameter.Path)
		if err != nil {
			return err
		}
		data, err := file.links.read(file.path)
		if err != nil && missing(err) {
			return fault(ReasonNotFound, file.path, "does not exist, but spec.source.helm.fileParameters names it")
		}
		if err != nil {
			return err
		}
		content := func([]rune) (any, error) { return string(data), nil }
		if err := strvals.ParseIntoFile(parameter.Name+"=file", values, content); err != nil {
			return fault(ReasonInvalid, "", "spec.source.helm.fileParameters: %q cannot be set: %s",
				parameter.Name, concise(err))
		}
	}
	return nil
}

// escapeCommas keeps a comma in a value from beginning the next one; a list in braces has
// its own (as Argo CD 3.5: util/helm cleanSetParameters).
func escapeCommas(value string) string {
	if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
		return value
	}
	var escaped strings.Builder
	before := rune(0)
	for _, r := range value {
		if r == ',' && before != '\\' {
			escaped.WriteByte('\\')
		}
		escaped.WriteRune(r)
		before = r
	}
	return escaped.String()
}
