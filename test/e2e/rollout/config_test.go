// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strings"
	"testing"
)

// configured is the manifest of a Rollout whose pods read a ConfigMap and a Secret that belong to its revisions.
func (s *story) configured() string {
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: guestbook
  namespace: %s
  annotations: {capstan.dev/versioned-config: "configmaps,secrets"}
spec:
  replicas: 4
  selector: {matchLabels: {app: guestbook}}
  template:
    metadata: {labels: {app: guestbook}}
    spec:
      containers:
      - name: guestbook
        image: example.com/guestbook:v1
        envFrom: [{configMapRef: {name: settings}}]
      volumes: [{name: key, secret: {secretName: key}}]
  strategy:
    canary:
      steps: [{setWeight: 25}, {pause: {}}]
      canaryMetadata: {labels: {role: canary}}
      stableMetadata: {labels: {role: stable}}
`, s.namespace)
}

// config is the manifests of what its pods read.
func (s *story) config(greeting string) string {
	return fmt.Sprintf(`
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: %[1]s}, data: {GREETING: %[2]s}}
---
{apiVersion: v1, kind: Secret, metadata: {name: key, namespace: %[1]s}, stringData: {key: very-private}}
`, s.namespace, greeting)
}

// reads returns the names of the ConfigMaps that pods with a label read, one for each pod.
func (s *story) reads(label string) []string {
	s.Helper()
	return strings.Fields(s.Kubectl(s.hub, "get", "pods", "-n", s.namespace, "-l", label,
		"-o", "jsonpath={range .items[*]}{.spec.containers[0].envFrom[0].configMapRef.name} {end}"))
}

// A change of a ConfigMap goes through the steps as a change of the template does. An abort goes back to what the ConfigMap
// held before, while it holds something else. Pods that were the canary say so no longer once they are stable.
func TestAChangeOfConfigurationIsARevision(t *testing.T) {
	t.Parallel()
	s := begin(t, "config")
	s.apply(s.configured())
	s.until(`{.status.conditions[?(@.type=="InvalidSpec")].message}`,
		`The Rollout "guestbook" is invalid: spec.template: Invalid value: "settings": ConfigMap "settings" not found: `+
			`create it, or make the reference optional`)
	s.apply(s.config("hello"))
	s.at("Healthy", 2)
	first := s.reads("role=stable")
	if len(first) != 4 || !strings.HasPrefix(first[0], "settings-") {
		t.Fatalf("the pods read %v, want four times a copy of the ConfigMap", first)
	}
	s.apply(s.config("good-morning"))
	s.at("Paused", 1)
	canary := s.reads("role=canary")
	if len(canary) != 1 || canary[0] == first[0] {
		t.Fatalf("the canary reads %v, want another copy than %s", canary, first[0])
	}
	for name, want := range map[string]string{first[0]: "hello true", canary[0]: "good-morning true"} {
		out := s.Kubectl(s.hub, "get", "configmap", name, "-n", s.namespace, "-o", "jsonpath={.data.GREETING} {.immutable}")
		if out != want {
			t.Errorf("the copy %s holds %q, want %q", name, out, want)
		}
	}
	s.patch(`{"abort":true}`)
	s.at("Degraded", 0)
	if got := s.reads("role=stable"); len(got) != 4 || got[0] != first[0] {
		t.Errorf("after the abort the pods read %v, want %s", got, first[0])
	}
	s.patch(`{"abort":false}`)
	s.at("Paused", 1)
	s.patch(`{"promoteFull":true}`)
	s.at("Healthy", 2)
	s.Eventually("all pods are stable ones", func() bool { return len(s.reads("role=stable")) == 4 })
	if got := s.reads("role=canary"); len(got) > 0 {
		t.Errorf("%d pods say still that they are the canary", len(got))
	}
	for _, kind := range []string{"events", "rollouts", "replicasets"} {
		out := s.Kubectl(s.hub, "get", kind, "-n", s.namespace, "-o", "yaml")
		if strings.Contains(out, "very-private") || strings.Contains(out, "dmVyeS1wcml2YXRl") {
			t.Errorf("%s show what the Secret holds", kind)
		}
	}
	s.Kubectl(s.hub, "delete", "rollout", "guestbook", "-n", s.namespace)
	s.Until(s.hub, func(out string) bool { return out == "secret/key" }, "get", "secrets", "-n", s.namespace, "-o", "name")
	s.Until(s.hub, func(out string) bool { return !strings.Contains(out, "settings-") },
		"get", "configmaps", "-n", s.namespace, "-o", "name")
}
