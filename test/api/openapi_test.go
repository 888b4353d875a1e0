// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
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
	served := openAPI(t, w)
	for path, kind := range map[string]string{
		"applications/{name}/sync": "ApplicationSync", "applications/{name}/rollback": "ApplicationRollback",
		"applications/{name}/refresh": "ApplicationRefresh", "applications/{name}/terminate": "ApplicationTerminate",
		"rollouts/{name}/promote": "RolloutPromote", "rollouts/{name}/undo": "RolloutUndo",
		"rollouts/{name}/pause": "RolloutManualPause", "rollouts/{name}/restart": "RolloutRestart",
	} {
		found := false
		for _, body := range served.operation(t, path, "post").RequestBody.Content {
			found = found || strings.HasSuffix(body.Schema.Ref, "."+kind)
		}
		if !found {
			t.Errorf("the body of %s is not described as %s", path, kind)
		}
	}
	for _, path := range []string{"manifests", "diff"} {
		item := string(served.Paths["/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/{name}/"+path]["get"])
		all := item + string(served.Paths["/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/{name}/"+path]["parameters"])
		if !strings.Contains(all, `"revision"`) {
			t.Errorf("the query of %s is not described", path)
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
