// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package steps

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/capstan"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/world"
)

// Story is one user's story of Applications, in a namespace and a repository of its own.
type Story struct {
	Steps
	// Name is unique, and the name of the namespace that is deployed to.
	Name string
	Hub  plane.Kubectl
	Repo *gitserver.Repository

	stage *world.World
}

// Begin starts a story on a stage, with a repository of files.
func Begin(t *testing.T, stage *world.World, name string, files map[string]string) Story {
	t.Helper()
	s := Story{Steps: Steps{T: t}, Name: name, Hub: stage.Hub(), stage: stage}
	repo, err := stage.Git.Create(s.Context(), name, files)
	s.OK(err)
	s.Repo = repo
	return s
}

// Push changes files in the repository, and returns the commit.
func (s *Story) Push(files map[string]string, remove ...string) string {
	s.Helper()
	commit, err := s.Repo.Push(s.Context(), gitserver.Commit{Files: files, Remove: remove})
	s.OK(err)
	return commit
}

// Application is the manifest of an Application of this story, automated unless policy says otherwise.
func (s *Story) Application(name, cluster, path, policy string) string {
	if policy == "" {
		policy = "{automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true]}"
	}
	return fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: Application,
  metadata: {name: %s, namespace: %s, finalizers: [resources-finalizer.argocd.argoproj.io]},
  spec: {project: default, source: {repoURL: %q, path: %s, targetRevision: HEAD},
    destination: {name: %s, namespace: %s}, syncPolicy: %s}}
`, name, capstan.Namespace, s.Repo.URL(), path, cluster, s.Name, policy)
}

// Apply applies manifests to the hub.
func (s *Story) Apply(manifests ...string) {
	s.Helper()
	s.OK(s.Hub.Apply(s.Context(), strings.Join(manifests, "---\n")))
}

// Settled waits until an Application is Synced and Healthy.
func (s *Story) Settled(name string) {
	s.Helper()
	s.Status(name, "Synced/Healthy")
}

// Status waits until an Application shows a sync and a health status.
func (s *Story) Status(name, want string) {
	s.Helper()
	s.Until(s.Hub, plane.Prints(want), "get", "application", name, "-n", capstan.Namespace, "-o",
		"jsonpath={.status.sync.status}/{.status.health.status}")
}

// Condition waits until an Application has a condition whose message holds text.
func (s *Story) Condition(name, kind, text string) {
	s.Helper()
	holds := func(out string) bool { return strings.Contains(out, kind) && strings.Contains(out, text) }
	s.Until(s.Hub, holds, "get", "application", name, "-n", capstan.Namespace, "-o", "jsonpath={.status.conditions}")
}

// Value waits until a field of an object in a cluster has a value.
func (s *Story) Value(cluster, object, path, want string) {
	s.Helper()
	s.Until(s.stage.Plane.Kubectl(cluster), plane.Prints(want), "get", object, "-n", s.Name, "--ignore-not-found",
		"-o", "jsonpath={"+path+"}")
}

// Gone waits until an object is in a cluster no more.
func (s *Story) Gone(cluster, object string) {
	s.Helper()
	s.Until(s.stage.Plane.Kubectl(cluster), plane.Prints(""), "get", object, "-n", s.Name, "--ignore-not-found",
		"-o", "name")
}

// Remove deletes Applications and waits until they, and all they made, are gone.
func (s *Story) Remove(names ...string) {
	s.Helper()
	args := []string{"delete", "application", "-n", capstan.Namespace, "--timeout", "90s", "--ignore-not-found"}
	s.Kubectl(s.Hub, append(args, names...)...)
}

// ConfigMap is the manifest of a ConfigMap with one value.
func ConfigMap(name, value string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}, data: {value: %q}}\n", name, value)
}
