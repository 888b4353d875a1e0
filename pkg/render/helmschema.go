// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"
)

// refuseRemoteSchemas refuses schemas that name files or addresses: the validator would
// fetch them.
func (t *templating) refuseRemoteSchemas(loaded *chart.Chart) error {
	var schema any
	if len(loaded.Schema) > 0 {
		if err := json.Unmarshal(loaded.Schema, &schema); err != nil {
			return fault(ReasonInvalid, t.work.root, "values.schema.json of chart %s is not JSON: %s",
				loaded.Name(), concise(err))
		}
	}
	known := map[string]bool{}
	visitSchema(schema, "$id", func(id string) { known[strings.TrimSuffix(id, "#")] = true })
	refused := ""
	visitSchema(schema, "$ref", func(reference string) {
		address, _, _ := strings.Cut(reference, "#")
		remote := strings.Contains(address, "://") && !known[address]
		if remote && !strings.Contains(address, "://json-schema.org/") {
			refused = address
		}
	})
	if refused != "" {
		return fault(ReasonRefused, t.work.root, "values.schema.json of chart %s names %q: %w",
			loaded.Name(), withoutSecrets(refused), errRemote)
	}
	for _, below := range loaded.Dependencies() {
		if err := t.refuseRemoteSchemas(below); err != nil {
			return err
		}
	}
	return nil
}

// visitSchema calls visit with each text that stands under key.
func visitSchema(schema any, key string, visit func(string)) {
	switch node := schema.(type) {
	case map[string]any:
		if text, ok := node[key].(string); ok {
			visit(text)
		}
		for _, below := range node {
			visitSchema(below, key, visit)
		}
	case []any:
		for _, below := range node {
			visitSchema(below, key, visit)
		}
	}
}
