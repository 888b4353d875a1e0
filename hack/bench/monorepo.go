// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// size is how many Applications of how many objects: a Deployment, a Service, and ConfigMaps.
type size struct{ applications, objects int }

func parseSize(text string) (size, error) {
	var s size
	_, err := fmt.Sscanf(text, "%dx%d", &s.applications, &s.objects)
	if err != nil || s.objects < 3 || s.applications < 1 {
		return s, fmt.Errorf("--size: %q: write it as 300x3, with at least three objects an Application", text)
	}
	return s, nil
}

func (s size) String() string { return fmt.Sprintf("%dx%d", s.applications, s.objects) }

func (s size) total() int { return s.applications * s.objects }

// replicas of each Deployment: none where the pods would be what is measured.
func (s size) replicas() int {
	if s.applications > 300 {
		return 0
	}
	return 1
}

const baseFile = "base/deployment.yaml"

// files is the monorepo: a base, and an overlay for each Application with a file of its own.
func (s size) files() map[string]string {
	files := map[string]string{
		baseFile:                  s.deployment(0),
		"base/service.yaml":       baseService,
		"base/kustomization.yaml": "resources: [deployment.yaml, service.yaml]\n",
	}
	for i := range s.applications {
		files[overlay(i)+"/kustomization.yaml"] = fmt.Sprintf(`resources: [../../base, settings.yaml]
namePrefix: %s-
labels: [{pairs: {app: %s}, includeSelectors: true, includeTemplates: true}]
`, appName(i), appName(i))
		files[settingsFile(i)] = s.settings(i, "1")
	}
	return files
}

func appName(i int) string         { return fmt.Sprintf("app-%04d", i) }
func overlay(i int) string         { return fmt.Sprintf("overlays/%04d", i) }
func settingsFile(i int) string    { return overlay(i) + "/settings.yaml" }
func settingsName(i, n int) string { return fmt.Sprintf("%s-settings-%d", appName(i), n) }
func imageOf(version int) string   { return fmt.Sprintf("example.com/web:v%d", version) }

// deployment is the base's in a version of its image.
func (s size) deployment(version int) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: %d
  selector: {matchLabels: {part: web}}
  template:
    metadata: {labels: {part: web}}
    spec:
      containers:
        - name: web
          image: %s
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: 10m, memory: 16Mi}}
`, s.replicas(), imageOf(version))
}

const baseService = `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {part: web}, ports: [{port: 80, targetPort: 8080}]}
`

// settings are the ConfigMaps of one Application, of which the first has the value.
func (s size) settings(_ int, value string) string {
	var text strings.Builder
	for n := range s.objects - 2 {
		held := "1"
		if n == 0 {
			held = value
		}
		fmt.Fprintf(&text, "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: settings-%d}, data: {value: %q}}\n",
			n, held)
	}
	return text.String()
}

// The kinds that are deployed.
func kinds() []schema.GroupVersionResource {
	return []schema.GroupVersionResource{deployments(), {Version: "v1", Resource: "services"}, configMaps()}
}

func deployments() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
}

func configMaps() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
}

// object is one object for the raw client.
type object struct {
	resource        schema.GroupVersionResource
	namespace, name string
	body            []byte
}

// objects are what an Application of a name has, as it would be applied; sizes are alike,
// names and labels are not those of Capstan.
func (s size) copies(name string, version int) []object {
	labels := map[string]any{"app": name, "bench.dev/copied": "true"}
	all := []object{s.copiedDeployment(name, labels, version), copiedService(name, labels)}
	for n := range s.objects - 2 {
		all = append(all, configMap(rawly, fmt.Sprintf("%s-settings-%d", name, n), name, "1"))
	}
	return all
}

func (s size) copiedDeployment(name string, labels map[string]any, version int) object {
	selected := map[string]any{"app": name, "part": "web"}
	return made(deployments(), "apps/v1", "Deployment", rawly, name+"-web", labels, map[string]any{"spec": map[string]any{
		"replicas": s.replicas(), "selector": map[string]any{"matchLabels": selected},
		"template": map[string]any{
			"metadata": map[string]any{"labels": selected},
			"spec": map[string]any{"containers": []any{map[string]any{
				"name": "web", "image": imageOf(version), "ports": []any{map[string]any{"containerPort": 8080}},
				"resources": map[string]any{"requests": map[string]any{"cpu": "10m", "memory": "16Mi"}},
			}}},
		},
	}})
}

func copiedService(name string, labels map[string]any) object {
	return made(kinds()[1], "v1", "Service", rawly, name+"-web", labels, map[string]any{"spec": map[string]any{
		"selector": map[string]any{"app": name, "part": "web"},
		"ports":    []any{map[string]any{"port": 80, "targetPort": 8080}},
	}})
}

func configMap(namespace, name, app, value string) object {
	return made(configMaps(), "v1", "ConfigMap", namespace, name, map[string]any{"app": app}, map[string]any{
		"data": map[string]any{"value": value},
	})
}

func made(
	resource schema.GroupVersionResource, version, kind, namespace, name string, labels, content map[string]any,
) object {
	content["apiVersion"], content["kind"] = version, kind
	tracking := name + ":" + resource.Group + "/" + kind + ":" + namespace + "/" + name
	content["metadata"] = map[string]any{
		"name": name, "namespace": namespace, "labels": labels,
		"annotations": map[string]any{"bench.dev/tracking": tracking},
	}
	body, err := json.Marshal(content)
	if err != nil {
		body = nil // the server refuses it.
	}
	return object{resource: resource, namespace: namespace, name: name, body: body}
}
