// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/world"
)

// The main job: the seed's ApplicationSet, word for word but for the repository.
func TestOneApplicationSetDeploysToEveryClusterHealsAndFollowsGit(t *testing.T) {
	s := begin(t, "guestbook", nil)
	var err error
	s.Repo, err = stage.Guestbook(s.Context())
	s.OK(err)
	clusters := map[string]string{"in-cluster": world.Hub, staging: staging, production: production}
	manifest := strings.Replace(world.GuestbookSet(s.Repo.URL()), "name: guestbook", "name: guestbook\n  namespace: argocd", 1)

	s.Apply(manifest)
	for name := range clusters {
		s.Settled(name + "-guestbook")
	}
	if table := s.Kubectl(s.Hub, "get", "applications", "-n", argocd); strings.Count(table, "Healthy") != 3 {
		t.Errorf("kubectl get applications prints\n%s", table)
	}

	told := func(out string) bool { return strings.Contains(out, "application/staging-guestbook") }
	s.Until(s.Hub, told, "get", "events", "-n", argocd, "--field-selector", "reason=OperationCompleted")

	s.Kubectl(stage.Plane.Kubectl(production), "set", "image", "-n", "guestbook", "deployment/guestbook",
		"guestbook=example.com/guestbook:hacked")
	s.Value(production, "deployment/guestbook", ".spec.template.spec.containers[0].image", "example.com/guestbook:v1")
	s.Kubectl(stage.Plane.Kubectl(staging), "delete", "configmap", "guestbook", "-n", "guestbook")
	s.Value(staging, "configmap/guestbook", ".data.greeting", "hello")

	_, err = s.Repo.Push(s.Context(), gitserver.Commit{
		Files: map[string]string{"apps/guestbook/base/guestbook.yaml": world.GuestbookBase("v2")},
	})
	s.OK(err)
	for _, cluster := range clusters {
		s.Value(cluster, "deployment/guestbook", ".spec.template.spec.containers[0].image", "example.com/guestbook:v2")
	}

	if out := s.Kubectl(s.Hub, "apply", "--server-side", "-f", writeTemp(t, manifest)); !strings.Contains(out, "serverside-applied") {
		t.Errorf("server-side apply prints %q", out)
	}
	s.Kubectl(s.Hub, "delete", "applicationset", "guestbook", "-n", argocd, "--timeout", "90s")
	for name := range clusters {
		s.Until(s.Hub, plane.Prints(""), "get", "application", name+"-guestbook", "-n", argocd, "--ignore-not-found", "-o", "name")
	}
	for _, cluster := range clusters {
		s.Gone(cluster, "deployment/guestbook")
	}
}
