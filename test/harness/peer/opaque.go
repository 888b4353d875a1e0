// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
)

// opaque returns where a kind holds what Capstan keeps byte for byte: pod templates and Jobs. The peer's schema knows
// the fields of one version of Kubernetes there; ours asks for an object alone (docs/adr/0001-opaque-pod-templates.md).
func opaque(kind string) [][]string {
	switch kind {
	case "Rollout":
		return [][]string{{"spec", "template"}}
	case "Experiment":
		return [][]string{{"spec", "templates", "[]", "template"}}
	case "AnalysisTemplate", "ClusterAnalysisTemplate", "AnalysisRun":
		return [][]string{{"spec", "metrics", "[]", "provider", "job", "spec"}}
	default:
		return nil
	}
}

// open lets the schema at a path take any object; [] stands for the items of a list.
func open(schema *apiextensions.JSONSchemaProps, path []string) {
	switch {
	case len(path) == 0:
		preserve := true
		*schema = apiextensions.JSONSchemaProps{Type: "object", XPreserveUnknownFields: &preserve}
	case path[0] == "[]":
		open(schema.Items.Schema, path[1:])
	default:
		child := schema.Properties[path[0]]
		open(&child, path[1:])
		schema.Properties[path[0]] = child
	}
}

// withoutDefaults takes the defaults out of a schema: Capstan keeps objects as they are written, and takes a value
// that is absent for what the peer's default makes of it.
func withoutDefaults(schema *apiextensions.JSONSchemaProps) {
	schema.Default = nil
	for name, child := range schema.Properties {
		withoutDefaults(&child)
		schema.Properties[name] = child
	}
	if schema.Items != nil {
		withoutDefaults(schema.Items.Schema)
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		withoutDefaults(schema.AdditionalProperties.Schema)
	}
}
