// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func documentStories() map[string]story {
	return map[string]story{
		"the second version of OpenAPI is served":                              swaggerIsServed,
		"the third version of OpenAPI describes bodies and queries":            openAPIDescribesSubresources,
		"every field down to a sync policy explains itself":                    fieldsExplainThemselves,
		"a strategic merge patch is offered for some kinds, not for a Rollout": strategicMergeIsOfferedRightly,
	}
}

// document is as much of an OpenAPI document as the stories look at.
type document struct {
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type schema struct {
	Description string            `json:"description"`
	Ref         string            `json:"$ref"`
	AllOf       []schema          `json:"allOf"`
	Properties  map[string]schema `json:"properties"`
}

type operation struct {
	RequestBody struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
}

func openAPI(t *testing.T, w *world) document {
	t.Helper()
	body, err := w.raw(t, admin).Get().AbsPath("/openapi/v3/apis/argoproj.io/v1alpha1").DoRaw(t.Context())
	must(t, err)
	var read document
	must(t, json.Unmarshal(body, &read))
	return read
}

func (d document) operation(t *testing.T, path, method string) operation {
	t.Helper()
	var read operation
	item, found := d.Paths["/apis/argoproj.io/v1alpha1/namespaces/{namespace}/"+path][method]
	if !found {
		t.Fatalf("%s %s is not described", method, path)
	}
	must(t, json.Unmarshal(item, &read))
	return read
}

func swaggerIsServed(t *testing.T, w *world) {
	body, err := w.raw(t, admin).Get().AbsPath("/openapi/v2").DoRaw(t.Context())
	must(t, err)
	for _, part := range []string{"io.argoproj.v1alpha1.ApplicationSync", "dev.capstan.v1alpha1.Cluster"} {
		if !strings.Contains(string(body), `"`+part+`"`) {
			t.Errorf("%s is not defined", part)
		}
	}
}

func openAPIDescribesSubresources(t *testing.T, w *world) {
	served, bodies := openAPI(t, w), 0
	for name, resource := range resourcesOf(t, w, "argoproj.io/v1alpha1") {
		parent, action, isAction := strings.Cut(name, "/")
		if !isAction || !slices.Contains(resource.Verbs, "create") {
			continue
		}
		bodies++
		path, found := parent+"/{name}/"+action, false
		for _, body := range served.operation(t, path, "post").RequestBody.Content {
			found = found || strings.HasSuffix(body.Schema.Ref, "."+resource.Kind)
		}
		if !found {
			t.Errorf("the body of %s is not described as %s", path, resource.Kind)
		}
	}
	if bodies == 0 {
		t.Error("nothing is served that has a body")
	}
	for path, query := range map[string][]string{
		"manifests": {"revision"}, "diff": {"revision"}, "actions": {"group", "version", "resourceKind", "namespace", "name"},
		"log": {"podName", "container", "resourceKind", "follow", "tailLines", "sinceSeconds"},
	} {
		item := served.Paths["/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/{name}/"+path]
		for _, parameter := range query {
			if !strings.Contains(string(item["get"])+string(item["parameters"]), `"name":"`+parameter+`"`) {
				t.Errorf("the parameter %s of %s is not described", parameter, path)
			}
		}
	}
}

func fieldsExplainThemselves(t *testing.T, w *world) {
	schemas := openAPI(t, w).Components.Schemas
	var at schema
	for name, found := range schemas {
		if strings.HasSuffix(name, "v1alpha1.Application") {
			at = found
		}
	}
	for _, field := range []string{"spec", "syncPolicy", "automated", "prune"} {
		next, found := at.Properties[field]
		if !found || next.Description == "" {
			t.Fatalf("%s is described as %q (found: %t)", field, next.Description, found)
		}
		ref := next.Ref
		for _, part := range next.AllOf {
			ref = part.Ref
		}
		if ref != "" {
			at = schemas[ref[strings.LastIndex(ref, "/")+1:]]
		}
	}
}

func strategicMergeIsOfferedRightly(t *testing.T, w *world) {
	const strategic = "application/strategic-merge-patch+json"
	served := openAPI(t, w)
	if _, offered := served.operation(t, "rollouts/{name}", "patch").RequestBody.Content[strategic]; offered {
		t.Error("it is offered for a Rollout")
	}
	if _, offered := served.operation(t, "applications/{name}", "patch").RequestBody.Content[strategic]; !offered {
		t.Error("it is not offered for an Application")
	}
}
