// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

func TestGitServerDownAndBack(t *testing.T) {
	s := begin(t, "git-down", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(s.Application("git-down", staging, "app", ""))
	s.Settled("git-down")

	stage.Git.Stop()
	s.Condition("git-down", "ComparisonError", "git-down")
	s.healthy()
	s.Kubectl(stage.Plane.Kubectl(staging), "delete", "configmap", "config", "-n", s.Name)
	s.Value(staging, "configmap/config", ".data.value", "1")

	s.OK(stage.Git.Start())
	s.Push(map[string]string{"app/config.yaml": steps.ConfigMap("config", "2")})
	s.Value(staging, "configmap/config", ".data.value", "2")
	s.Until(s.Hub, plane.Prints(""), "get", "application", "git-down", "-n", argocd, "-o", "jsonpath={.status.conditions}")
	s.Remove("git-down")
}

// healthy asks the server itself, as kubelet does.
func (s *story) healthy() {
	s.Helper()
	for _, path := range []string{"/livez", "/readyz"} {
		if out := s.Kubectl(s.Hub, "--server", stage.Capstan.URL(), "--insecure-skip-tls-verify", "get", "--raw", path); out != "ok" {
			s.Errorf("%s answers %q", path, out)
		}
	}
}

func TestDestinationDownAndBackLeavesOtherClustersAlone(t *testing.T) {
	s := begin(t, "cluster-down", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(s.Application("down-there", production, "app", ""), s.Application("up-here", staging, "app", ""))
	s.Settled("down-there")
	s.Settled("up-here")

	s.OK(stage.Plane.StopCluster(s.Context(), production))
	s.Condition("down-there", "ComparisonError", production)
	s.healthy()
	s.Push(map[string]string{"app/config.yaml": steps.ConfigMap("config", "2")})
	s.Value(staging, "configmap/config", ".data.value", "2")

	s.OK(stage.Plane.StartCluster(s.Context(), production))
	s.Value(production, "configmap/config", ".data.value", "2")
	s.Settled("down-there")
	s.Remove("down-there", "up-here")
}

func TestKilledInTheMiddleOfASyncItContinuesWithoutDamage(t *testing.T) {
	files := map[string]string{}
	const objects = 200
	for i := range objects {
		files[fmt.Sprintf("app/config-%03d.yaml", i)] = steps.ConfigMap(fmt.Sprintf("config-%03d", i), "1")
	}
	s := begin(t, "killed", files)
	s.Apply(s.Application("killed", staging, "app", ""))
	s.Until(stage.Plane.Kubectl(staging), func(out string) bool { return strings.Contains(out, "config-") },
		"get", "configmaps", "-n", s.Name, "--ignore-not-found", "-o", "name")
	s.OK(stage.Capstan.Kill())
	s.OK(stage.Capstan.Start(s.Context()))
	s.Settled("killed")
	names := s.Kubectl(stage.Plane.Kubectl(staging), "get", "configmaps", "-n", s.Name, "-l", "capstan.dev/managed=true", "-o", "name")
	if got := len(strings.Fields(names)); got != objects {
		t.Errorf("%d of %d objects are there", got, objects)
	}
	s.Remove("killed")
}

// A store that was wiped behind a live cluster answers 503 until somebody says to go on, and
// nothing in any cluster is deleted.
func TestAWipedStoreDeletesNothing(t *testing.T) {
	s := begin(t, "wiped", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(s.Application("wiped", staging, "app", ""))
	s.Settled("wiped")

	uid := func() string {
		return s.Kubectl(stage.Plane.Kubectl(staging), "get", "configmap", "config", "-n", s.Name, "-o", "jsonpath={.metadata.uid}")
	}
	made := uid()

	s.OK(stage.Capstan.Stop())
	s.OK(os.Rename(stage.Capstan.DataDir(), filepath.Join(t.TempDir(), "kept")))
	s.OK(stage.Capstan.Launch())
	var err error
	s.Eventually("kubectl get applications says how to go on", func() bool {
		out, refused := s.Hub.Run(s.Context(), "get", "applications", "-n", argocd)
		if err = refused; err == nil {
			t.Fatalf("the server answers although its store is empty: %s", out)
		}
		return strings.Contains(err.Error(), "capstan.dev/accept-store")
	})
	s.Value(staging, "configmap/config", ".data.value", "1")

	id := s.acceptable(err)
	s.Kubectl(s.Hub, "annotate", "configmap", "capstan-store", "-n", argocd, "--overwrite", "capstan.dev/accept-store="+id)
	s.OK(stage.Capstan.Available(s.Context()))
	s.Value(staging, "configmap/config", ".data.value", "1")
	s.Apply(s.Application("wiped", staging, "app", ""))
	s.Settled("wiped")
	if uid() != made {
		t.Error("the ConfigMap was deleted and made again")
	}
	s.Remove("wiped")
}

// acceptable reads the store's id from the refusal that names it.
func (s *story) acceptable(refusal error) string {
	s.Helper()
	_, rest, found := strings.Cut(fmt.Sprint(refusal), "capstan.dev/accept-store=")
	if !found {
		s.Fatalf("the refusal does not say what to accept: %v", refusal)
	}
	return strings.FieldsFunc(rest, func(r rune) bool { return r == ' ' || r == '"' || r == '\'' || r == ',' || r == ';' })[0]
}
