// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/steps"
)

// scaled is a Deployment of one replica.
func scaled(image string) string {
	return strings.Replace(deployment("web", "", ""), "spec: {selector", "spec: {replicas: 1, selector", 1) +
		strings.Replace(steps.ConfigMap("config", image), "\n", "\n---\n", 1)
}

// differing is an Application with rules and a policy.
func (s *story) differing(rules, options string) string {
	return strings.Replace(
		s.Application(s.Name, staging, "app", "{automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true"+options+"]}"),
		"spec: {project", "spec: {ignoreDifferences: "+rules+", project", 1)
}

func TestFieldsThatMayDifferAreLeftToOthers(t *testing.T) {
	t.Parallel()
	s := begin(t, "differences", map[string]string{"app/all.yaml": scaled("1")})
	there := stage.Plane.Kubectl(staging)
	rules := `[{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]},
    {kind: ConfigMap, name: config, jqPathExpressions: ['.data | select(has("value")) | .value']}]`
	s.Apply(s.differing(rules, ""))
	s.Settled(s.Name)

	s.Kubectl(there, "scale", "deployment", "web", "-n", s.Name, "--replicas=3")
	s.Kubectl(there, "patch", "configmap", "config", "-n", s.Name, "--type=merge", "-p", `{"data":{"value":"theirs"}}`)
	s.Until(s.Hub, func(out string) bool { return strings.Count(out, "excused") == 2 },
		"get", "application", s.Name, "-n", argocd, "-o", "jsonpath={.status.resources}")
	s.Settled(s.Name)
	s.Value(staging, "deployment/web", ".spec.replicas", "3")
	s.Value(staging, "configmap/config", ".data.value", "theirs")

	s.Kubectl(there, "label", "deployment", "web", "-n", s.Name, "capstan.dev/managed=no", "--overwrite")
	s.Value(staging, "deployment/web", ".spec.replicas", "1")
	s.Settled(s.Name)

	s.Apply(s.differing("[]", ""))
	s.Value(staging, "configmap/config", ".data.value", "1")
	s.Settled(s.Name)
	s.Remove(s.Name)
}

func TestASyncLeavesFieldsThatMayDifferWhereItIsToldTo(t *testing.T) {
	t.Parallel()
	s := begin(t, "respected", map[string]string{"app/all.yaml": scaled("1")})
	there := stage.Plane.Kubectl(staging)
	s.Apply(s.differing("[{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}, {kind: ConfigMap, managedFieldsManagers: [tuner]}]",
		", RespectIgnoreDifferences=true"))
	s.Settled(s.Name)
	s.Value(staging, "deployment/web", ".spec.replicas", "1")

	s.Kubectl(there, "scale", "deployment", "web", "-n", s.Name, "--replicas=3")
	s.Kubectl(there, "patch", "configmap", "config", "-n", s.Name, "--type=merge", "--field-manager=tuner", "-p", `{"data":{"value":"theirs"}}`)
	s.Push(map[string]string{"app/all.yaml": strings.Replace(scaled("2"), "nginx:1", "nginx:2", 1)})
	s.Value(staging, "deployment/web", ".spec.template.spec.containers[0].image", "nginx:2")
	s.Settled(s.Name)
	s.Value(staging, "deployment/web", ".spec.replicas", "3")
	s.Value(staging, "configmap/config", ".data.value", "theirs")
	s.Remove(s.Name)
}

func TestARuleThatCannotBeReadStopsTheComparison(t *testing.T) {
	t.Parallel()
	s := begin(t, "faulty", map[string]string{"app/all.yaml": steps.ConfigMap("config", "1")})
	s.Apply(s.differing("[{kind: ConfigMap, jqPathExpressions: ['until(false; .)']}]", ""))
	s.Condition(s.Name, "InvalidSpecError", "spec.ignoreDifferences[0].jqPathExpressions[0]")
	s.Gone(staging, "configmap/config")
	s.Remove(s.Name)
}
