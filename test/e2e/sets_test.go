// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// A list generator with a Go template, and a deletion that is told to leave what was deployed.
func TestWhatASetDeployedStaysWhereItIsToldTo(t *testing.T) {
	t.Parallel()
	s := begin(t, "preserved", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	set := func(elements string) {
		s.Apply(fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: preserved, namespace: %s},
  spec: {goTemplate: true, goTemplateOptions: [missingkey=error], syncPolicy: {preserveResourcesOnDeletion: true},
    generators: [{list: {elements: [%s]}}], template: {metadata: {name: 'preserved-{{ .cluster | trunc 4 }}'}, spec: {project: default,
      source: {repoURL: %q, path: app, targetRevision: HEAD}, destination: {name: '{{ .cluster }}', namespace: preserved},
      syncPolicy: {automated: {}, syncOptions: [CreateNamespace=true]}}}}}
`, argocd, elements, s.Repo.URL()))
	}
	set("{cluster: staging}, {cluster: production}")
	s.Settled("preserved-stag")
	s.Settled("preserved-prod")
	gone := func(application string) {
		s.Helper()
		s.Until(s.Hub, plane.Prints(""), "get", "application", application, "-n", argocd, "--ignore-not-found", "-o", "name")
	}
	set("{cluster: staging}")
	gone("preserved-prod")
	s.Value(production, "configmap/config", ".data.value", "1")
	s.Kubectl(s.Hub, "delete", "applicationset", "preserved", "-n", argocd, "--timeout", "90s")
	gone("preserved-stag")
	s.Value(staging, "configmap/config", ".data.value", "1")
}
