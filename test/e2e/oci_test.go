// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/registry"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// publish pushes files to a registry, and returns the digest.
func (s *story) publish(to *registry.Repository, tag string, files map[string]string) string {
	s.Helper()
	digest, err := to.Push(s.Context(), tag, files)
	s.OK(err)
	return digest
}

func TestManifestsComeFromAnArtifactOfARegistry(t *testing.T) {
	t.Parallel()
	s := begin(t, "artifact", nil)
	to, err := registry.Start()
	s.OK(err)
	defer to.Close()
	kustomized := func(value string) map[string]string {
		return map[string]string{
			"app/kustomization.yaml": "{namePrefix: my-, resources: [shop.yaml]}\n", "app/shop.yaml": steps.ConfigMap("shop", value),
		}
	}
	first := s.publish(to, "1.0.0", kustomized("one"))
	s.Apply(fmt.Sprintf(`{apiVersion: v1, kind: Secret,
  metadata: {name: artifact, namespace: %s, labels: {argocd.argoproj.io/secret-type: repository}},
  stringData: {type: oci, url: %q, insecureOCIForceHttp: "true"}}
`, argocd, to.URL()), strings.Replace(s.Application("artifact", staging, "app", ""),
		fmt.Sprintf("repoURL: %q, path: app, targetRevision: HEAD", s.Repo.URL()),
		fmt.Sprintf("repoURL: %q, path: app, targetRevision: ^1", to.URL()), 1))
	s.Settled("artifact")
	s.Value(staging, "configmap/my-shop", ".data.value", "one")
	s.Until(s.Hub, plane.Prints(first+" Kustomize"), "get", "application", "artifact", "-n", argocd, "-o",
		"jsonpath={.status.sync.revision} {.status.sourceType}")

	second := s.publish(to, "1.1.0", kustomized("two"))
	s.Kubectl(s.Hub, "annotate", "application", "artifact", "-n", argocd, "argocd.argoproj.io/refresh=normal")
	s.Value(staging, "configmap/my-shop", ".data.value", "two")
	s.Until(s.Hub, plane.Prints(second), "get", "application", "artifact", "-n", argocd, "-o",
		"jsonpath={.status.sync.revision}")

	s.publish(to, "1.2.0", map[string]string{"../shop.yaml": steps.ConfigMap("shop", "three")})
	s.Kubectl(s.Hub, "annotate", "application", "artifact", "-n", argocd, "argocd.argoproj.io/refresh=normal")
	s.Condition("artifact", "ComparisonError", "leads out of it")
	s.Value(staging, "configmap/my-shop", ".data.value", "two")
	s.Remove("artifact")
	s.Kubectl(s.Hub, "delete", "secret", "artifact", "-n", argocd)
}
