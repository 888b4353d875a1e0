// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"
)

// scaled is a Deployment of one replica.
func scaled(image string) string {
	return strings.Replace(deployment("web", "", ""), "spec: {selector", "spec: {replicas: 1, selector", 1) +
		strings.Replace(configMap("config", image), "\n", "\n---\n", 1)
}

// differing is an Application with rules and a policy.
func (s *story) differing(rules, options string) string {
	return strings.Replace(
		s.application(s.name, staging, "app", "{automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true"+options+"]}"),
		"spec: {project", "spec: {ignoreDifferences: "+rules+", project", 1)
}

func TestFieldsThatMayDifferAreLeftToOthers(t *testing.T) {
	s := begin(t, "differences", map[string]string{"app/all.yaml": scaled("1")})
	there := stage.Plane.Kubectl(staging)
	rules := `[{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]},
    {kind: ConfigMap, name: config, jqPathExpressions: ['.data | select(has("value")) | .value']}]`
	s.apply(s.differing(rules, ""))
	s.settled(s.name)

	s.Kubectl(there, "scale", "deployment", "web", "-n", s.name, "--replicas=3")
	s.Kubectl(there, "patch", "configmap", "config", "-n", s.name, "--type=merge", "-p", `{"data":{"value":"theirs"}}`)
	s.Until(s.hub, func(out string) bool { return strings.Count(out, "excused") == 2 },
		"get", "application", s.name, "-n", argocd, "-o", "jsonpath={.status.resources}")
	s.settled(s.name)
	s.value(staging, "deployment/web", ".spec.replicas", "3")
	s.value(staging, "configmap/config", ".data.value", "theirs")

	s.Kubectl(there, "label", "deployment", "web", "-n", s.name, "capstan.dev/managed=no", "--overwrite")
	s.value(staging, "deployment/web", ".spec.replicas", "1")
	s.settled(s.name)

	s.apply(s.differing("[]", ""))
	s.value(staging, "configmap/config", ".data.value", "1")
	s.settled(s.name)
	s.remove(s.name)
}

func TestASyncLeavesFieldsThatMayDifferWhereItIsToldTo(t *testing.T) {
	s := begin(t, "respected", map[string]string{"app/all.yaml": scaled("1")})
	there := stage.Plane.Kubectl(staging)
	s.apply(s.differing("[{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}, {kind: ConfigMap, managedFieldsManagers: [tuner]}]",
		", RespectIgnoreDifferences=true"))
	s.settled(s.name)
	s.value(staging, "deployment/web", ".spec.replicas", "1")

	s.Kubectl(there, "scale", "deployment", "web", "-n", s.name, "--replicas=3")
	s.Kubectl(there, "patch", "configmap", "config", "-n", s.name, "--type=merge", "--field-manager=tuner", "-p", `{"data":{"value":"theirs"}}`)
	s.push(map[string]string{"app/all.yaml": strings.Replace(scaled("2"), "nginx:1", "nginx:2", 1)})
	s.value(staging, "deployment/web", ".spec.template.spec.containers[0].image", "nginx:2")
	s.settled(s.name)
	s.value(staging, "deployment/web", ".spec.replicas", "3")
	s.value(staging, "configmap/config", ".data.value", "theirs")
	s.remove(s.name)
}

func TestARuleThatCannotBeReadStopsTheComparison(t *testing.T) {
	s := begin(t, "faulty", map[string]string{"app/all.yaml": configMap("config", "1")})
	s.apply(s.differing("[{kind: ConfigMap, jqPathExpressions: ['until(false; .)']}]", ""))
	s.condition(s.name, "InvalidSpecError", "spec.ignoreDifferences[0].jqPathExpressions[0]")
	s.gone(staging, "configmap/config")
	s.remove(s.name)
}
