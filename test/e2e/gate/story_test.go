// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// story is one user's story, in namespaces and repositories of its own.
type story struct {
	steps.Steps
	// name is unique, and the name of the namespace that is deployed to.
	name string
	hub  plane.Kubectl
	repo *gitserver.Repository
}

// begin starts a story with a repository of files.
func begin(t *testing.T, name string, files map[string]string) *story {
	t.Helper()
	s := &story{Steps: steps.Steps{T: t}, name: name, hub: stage.Hub()}
	repo, err := stage.Git.Create(s.Context(), name, files)
	s.OK(err)
	s.repo = repo
	return s
}

// push changes files in the repository.
func (s *story) push(files map[string]string, remove ...string) string {
	s.Helper()
	commit, err := s.repo.Push(s.Context(), gitserver.Commit{Files: files, Remove: remove})
	s.OK(err)
	return commit
}

// application is the manifest of an Application of this story, automated unless policy says
// otherwise.
func (s *story) application(name, cluster, path, policy string) string {
	if policy == "" {
		policy = "{automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true]}"
	}
	return fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: Application,
  metadata: {name: %s, namespace: %s, finalizers: [resources-finalizer.argocd.argoproj.io]},
  spec: {project: default, source: {repoURL: %q, path: %s, targetRevision: HEAD},
    destination: {name: %s, namespace: %s}, syncPolicy: %s}}
`, name, argocd, s.repo.URL(), path, cluster, s.name, policy)
}

// apply applies manifests to the hub.
func (s *story) apply(manifests ...string) {
	s.Helper()
	s.OK(s.hub.Apply(s.Context(), strings.Join(manifests, "---\n")))
}

// settled waits until an Application is Synced and Healthy.
func (s *story) settled(name string) {
	s.Helper()
	s.Until(s.hub, plane.Prints("Synced/Healthy"), "get", "application", name, "-n", argocd, "-o",
		"jsonpath={.status.sync.status}/{.status.health.status}")
}

// condition waits until an Application has a condition whose message holds text.
func (s *story) condition(name, kind, text string) {
	s.Helper()
	holds := func(out string) bool { return strings.Contains(out, kind) && strings.Contains(out, text) }
	s.Until(s.hub, holds, "get", "application", name, "-n", argocd, "-o", "jsonpath={.status.conditions}")
}

// value waits until a field of an object in a cluster has a value.
func (s *story) value(cluster, object, path, want string) {
	s.Helper()
	s.Until(stage.Plane.Kubectl(cluster), plane.Prints(want), "get", object, "-n", s.name, "--ignore-not-found",
		"-o", "jsonpath={"+path+"}")
}

// gone waits until an object is in a cluster no more.
func (s *story) gone(cluster, object string) {
	s.Helper()
	s.Until(stage.Plane.Kubectl(cluster), plane.Prints(""), "get", object, "-n", s.name, "--ignore-not-found", "-o", "name")
}

// remove deletes an Application and waits until it, and all it made, is gone.
func (s *story) remove(names ...string) {
	s.Helper()
	args := append([]string{"delete", "application", "-n", argocd, "--timeout", "90s", "--ignore-not-found"}, names...)
	s.Kubectl(s.hub, args...)
}

func configMap(name, value string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}, data: {value: %q}}\n", name, value)
}
