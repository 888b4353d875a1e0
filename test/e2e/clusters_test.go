// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/world"
)

// unreachable registers a cluster at an address where nobody listens.
const unreachable = `{apiVersion: v1, kind: Secret,
  metadata: {name: cluster-nowhere, namespace: argocd, labels: {argocd.argoproj.io/secret-type: cluster, env: nowhere}},
  stringData: {name: nowhere, server: "https://127.0.0.1:1", config: "{\"bearerToken\":\"open-sesame\"}"}}
`

// A Cluster object shows what the cluster itself says that it is, and follows the Secret that registers it.
func TestClustersShowTheirUIDTheirVersionAndTheirConnection(t *testing.T) {
	s := begin(t, "clusters", nil)
	s.Apply(unreachable)
	for name, at := range map[string]string{"in-cluster": world.Hub, staging: staging, production: production} {
		there := stage.Plane.Kubectl(at)
		uid := s.Kubectl(there, "get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")
		var version struct{ GitVersion string }
		s.OK(json.Unmarshal([]byte(s.Kubectl(there, "get", "--raw", "/version")), &version))
		s.Until(s.Hub, plane.Prints(fmt.Sprintf("%s %s Connected", uid, version.GitVersion)), "get", "clusters.capstan.dev", name,
			"-o", "jsonpath={.status.uid} {.status.version} {.status.connection.state}")
	}
	s.Until(s.Hub, plane.Prints("staging"), "get", "clusters.capstan.dev", "-l", "env=staging", "-o", "jsonpath={.items[*].metadata.name}")

	s.Until(s.Hub, plane.Prints("https://127.0.0.1:1  Failed"), "get", "clusters.capstan.dev", "nowhere",
		"-o", "jsonpath={.spec.server} {.status.uid} {.status.connection.state}")
	if shown := s.Kubectl(s.Hub, "get", "clusters.capstan.dev", "nowhere", "-o", "yaml"); strings.Contains(shown, "open-sesame") ||
		!strings.Contains(shown, "connection refused") {
		t.Errorf("the Cluster that is not reached shows\n%s", shown)
	}
	s.Kubectl(s.Hub, "delete", "secret", "cluster-nowhere", "-n", argocd)
	s.Until(s.Hub, plane.Prints(""), "get", "clusters.capstan.dev", "nowhere", "--ignore-not-found", "-o", "name")
}
