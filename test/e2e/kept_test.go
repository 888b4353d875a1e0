// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"
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
	s := begin(t, "kept", map[string]string{"app/rollout.yaml": keptRollout, "app/config.yaml": configMap("config", "1")})
	s.apply(s.application(s.name, staging, "app", ""))
	s.value(staging, "configmap/config", ".data.value", "1")
	s.value("hub", "rollout/web.staging", `.metadata.annotations.capstan\.dev/cluster`, staging)
	s.value("hub", "rollout/web.staging", ".spec.strategy.canary.steps[1].analysis.templates[0].templateName", "errors.staging")
	s.value("hub", "analysistemplate/errors.staging", ".spec.metrics[0].name", "errors")
	resources := s.Until(s.hub, func(out string) bool { return strings.Contains(out, "web.staging/Synced") }, "get",
		"application", s.name, "-n", argocd, "-o", "jsonpath={range .status.resources[*]}{.name}/{.status}/{.health.status} {end}")
	if strings.Contains(resources, "web.staging/Synced/ ") {
		t.Errorf("the health of the Rollout is not that of a part of the Application: %s", resources)
	}

	s.Kubectl(s.hub, "patch", "rollout", "web.staging", "-n", s.name, "--type=merge", "-p", `{"spec":{"replicas":7}}`)
	s.value("hub", "rollout/web.staging", ".spec.replicas", "2")
	diff := s.Kubectl(s.hub, "get", "--raw", "/apis/argoproj.io/v1alpha1/namespaces/"+argocd+"/applications/"+s.name+"/tree")
	if !strings.Contains(diff, `"web.staging"`) {
		t.Errorf("the Rollout is not in the tree: %.2000s", diff)
	}

	s.push(map[string]string{"app/rollout.yaml": keptRollout[:strings.Index(keptRollout, "---")]})
	s.gone("hub", "analysistemplate/errors.staging")
	s.remove(s.name)
	s.gone("hub", "rollout/web.staging")
	s.gone(staging, "configmap/config")
}
