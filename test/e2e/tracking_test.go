// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

func TestTheTrackingMethodChangesWithItsSetting(t *testing.T) {
	s := begin(t, "tracking", map[string]string{"app/config.yaml": configMap("config", "1")})
	s.apply(s.application("tracking", staging, "app", ""))
	s.settled("tracking")
	label := func(key, want string) {
		s.Helper()
		s.Until(stage.Plane.Kubectl(staging), plane.Prints(want), "get", "configmap", "config", "-n", s.name, "-o",
			"jsonpath={.metadata.labels."+strings.ReplaceAll(key, ".", "\\.")+"}")
	}
	label("app.kubernetes.io/instance", "")
	s.settings("application.resourceTrackingMethod: annotation+label")
	label("app.kubernetes.io/instance", "tracking")
	s.settings("application.resourceTrackingMethod: label, application.instanceLabelKey: example.com/app")
	label("app.kubernetes.io/instance", "")
	label("example.com/app", "tracking")
	s.settled("tracking")
	s.remove("tracking")
}

func TestOrphanedObjectsAreToldOfWhereTheProjectAsksForThat(t *testing.T) {
	s := begin(t, "orphans", map[string]string{"app/config.yaml": configMap("config", "1")})
	there := stage.Plane.Kubectl(staging)
	s.Kubectl(there, "create", "namespace", s.name)
	for _, name := range []string{"stranger", "ignored"} {
		s.Kubectl(there, "create", "configmap", name, "-n", s.name)
	}
	s.apply("{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: orphans, namespace: argocd}, " +
		"spec: {sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}], orphanedResources: {ignore: [{kind: ConfigMap, name: ignored}]}}}")
	s.apply(strings.Replace(s.application("orphans", staging, "app", "{automated: {}}"), "project: default", "project: orphans", 1))
	s.condition("orphans", "OrphanedResourceWarning", "Application has 1 orphaned resources")
	s.remove("orphans")
	s.Kubectl(s.hub, "delete", "appproject", "orphans", "-n", argocd)
}
