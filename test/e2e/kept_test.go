// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/steps"
)

const keptRollout = `
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "example.com/web:1"}]}}
  strategy: {canary: {steps: [{setWeight: 50}, {analysis: {templates: [{templateName: errors}]}}]}}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: errors}
spec: {metrics: [{name: errors, provider: {web: {url: "https://example.com"}}}]}
`

// The hub keeps Rollouts for a cluster that does not serve them, as a part of their Application.
func TestTheHubKeepsRolloutsForACluster(t *testing.T) {
	t.Parallel()
	s := begin(t, "kept", map[string]string{"app/rollout.yaml": keptRollout, "app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(s.Application(s.Name, staging, "app", ""))
	s.Value(staging, "configmap/config", ".data.value", "1")
	s.Value("hub", "rollout/web.staging", `.metadata.annotations.capstan\.dev/cluster`, staging)
	s.Value("hub", "rollout/web.staging", ".spec.strategy.canary.steps[1].analysis.templates[0].templateName", "errors.staging")
	s.Value("hub", "analysistemplate/errors.staging", ".spec.metrics[0].name", "errors")
	resources := s.Until(s.Hub, func(out string) bool { return strings.Contains(out, "web.staging/Synced") }, "get",
		"application", s.Name, "-n", argocd, "-o", "jsonpath={range .status.resources[*]}{.name}/{.status}/{.health.status} {end}")
	if strings.Contains(resources, "web.staging/Synced/ ") {
		t.Errorf("the health of the Rollout is not that of a part of the Application: %s", resources)
	}

	s.Kubectl(s.Hub, "patch", "rollout", "web.staging", "-n", s.Name, "--type=merge", "-p", `{"spec":{"replicas":7}}`)
	s.Value("hub", "rollout/web.staging", ".spec.replicas", "2")
	diff := s.Kubectl(s.Hub, "get", "--raw", "/apis/argoproj.io/v1alpha1/namespaces/"+argocd+"/applications/"+s.Name+"/tree")
	if !strings.Contains(diff, `"web.staging"`) {
		t.Errorf("the Rollout is not in the tree: %.2000s", diff)
	}

	s.Push(map[string]string{"app/rollout.yaml": keptRollout[:strings.Index(keptRollout, "---")]})
	s.Gone("hub", "analysistemplate/errors.staging")
	s.Remove(s.Name)
	s.Gone("hub", "rollout/web.staging")
	s.Gone(staging, "configmap/config")
}
