// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

func TestTheTrackingMethodChangesWithItsSetting(t *testing.T) {
	s := begin(t, "tracking", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(s.Application("tracking", staging, "app", ""))
	s.Settled("tracking")
	label := func(key, want string) {
		s.Helper()
		s.Until(stage.Plane.Kubectl(staging), plane.Prints(want), "get", "configmap", "config", "-n", s.Name, "-o",
			"jsonpath={.metadata.labels."+strings.ReplaceAll(key, ".", "\\.")+"}")
	}
	label("app.kubernetes.io/instance", "")
	s.settings("application.resourceTrackingMethod: annotation+label")
	label("app.kubernetes.io/instance", "tracking")
	s.settings("application.resourceTrackingMethod: label, application.instanceLabelKey: example.com/app")
	label("app.kubernetes.io/instance", "")
	label("example.com/app", "tracking")
	s.Settled("tracking")
	s.Remove("tracking")
}

func TestOrphanedObjectsAreToldOfWhereTheProjectAsksForThat(t *testing.T) {
	t.Parallel()
	s := begin(t, "orphans", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	there := stage.Plane.Kubectl(staging)
	s.Kubectl(there, "create", "namespace", s.Name)
	for _, name := range []string{"stranger", "ignored"} {
		s.Kubectl(there, "create", "configmap", name, "-n", s.Name)
	}
	s.Apply("{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: orphans, namespace: argocd}, " +
		"spec: {sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}], orphanedResources: {ignore: [{kind: ConfigMap, name: ignored}]}}}")
	s.Apply(strings.Replace(s.Application("orphans", staging, "app", "{automated: {}}"), "project: default", "project: orphans", 1))
	s.Condition("orphans", "OrphanedResourceWarning", "Application has 1 orphaned resources")
	s.Remove("orphans")
	s.Kubectl(s.Hub, "delete", "appproject", "orphans", "-n", argocd)
}
