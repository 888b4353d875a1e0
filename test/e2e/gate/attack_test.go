// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// byHand is the policy of an Application that nothing syncs by itself.
const byHand = "{syncOptions: [CreateNamespace=true]}"

// part has a part of a story told, under a name of its own.
func (s *story) part(name string, tell func(s *story)) {
	s.Helper()
	s.Run(name, func(t *testing.T) {
		told := *s
		told.T = t
		tell(&told)
	})
}

// there is all that Capstan has in production, by the word of that cluster: what is made, changed or made anew shows.
func (s *story) there() string {
	s.Helper()
	return s.Kubectl(stage.Plane.Kubectl(production), "get", "namespaces,configmaps,jobs", "-A", "-l", "capstan.dev/managed=true",
		"-o", "jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name} {.metadata.uid} {.metadata.resourceVersion}{'\\n'}{end}")
}

// untouched fails the story where production holds something else than it did.
func (s *story) untouched(was string) {
	s.Helper()
	if is := s.there(); is != was {
		s.Errorf("production was changed from\n%s\nto\n%s", was, is)
	}
}

// patch changes an Application with all rights that there are.
func (s *story) patch(app, patch string, args ...string) {
	s.Helper()
	s.Kubectl(s.Hub, append([]string{"patch", "application", app, "-n", argocd, "--type=merge", "-p", patch}, args...)...)
}

// failed waits until the operation of an Application is over, and says why it came to nothing.
func (s *story) failed(app, why string) {
	s.Helper()
	over := func(out string) bool { return strings.HasPrefix(out, "Failed//") && strings.Contains(out, why) }
	s.Until(s.Hub, over, "get", "application", app, "-n", argocd, "-o",
		"jsonpath={.status.operationState.phase}/{.operation}/{.status.operationState.message}")
}

// ask asks for a Plan other than the one that waits already, and returns its digest: what a person asked for is not
// overtaken by the next commit.
func (s *story) ask(app string) string {
	s.Helper()
	_, err := s.Hub.Input(s.Context(), `{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationPlan","prune":true}`,
		"create", "--raw", applications+app+"/plan", "-f", "-")
	s.OK(err)
	return s.newest(app)
}

// sync begins an approved Plan.
func (s *story) sync(app, digest string) error {
	s.Helper()
	_, err := s.Hub.Input(s.Context(), fmt.Sprintf(`{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationSync","plan":%q}`, digest),
		"create", "--raw", applications+app+"/sync", "-f", "-")
	return err
}

// deployed makes an Application whose first Plan was approved, and is applied.
func (s *story) deployed(app, path, policy string) {
	s.Helper()
	s.Apply(s.Application(app, production, path, policy))
	s.waiting(app, "AwaitingApproval")
	digest := s.newest(app)
	s.OK(s.decide("ann", app, "approve", digest))
	if policy == byHand {
		s.OK(s.sync(app, digest))
	}
	s.Settled(app)
	s.waiting(app, "Open")
}

// smuggle pushes what nobody approves: another value, one object more, and one less.
func (s *story) smuggle(commit gitserver.Commit) string {
	s.Helper()
	commit.Files = map[string]string{"app/config.yaml": steps.ConfigMap("config", "smuggled"), "app/smuggled.yaml": steps.ConfigMap("smuggled", "1")}
	if !commit.Orphan {
		commit.Remove = []string{"app/other.yaml"}
	}
	id, err := s.Repo.Push(s.Context(), commit)
	s.OK(err)
	return id
}

// bury has an Application that is gated deleted with its objects, and waits until all is gone.
func (s *story) bury(names ...string) {
	s.Helper()
	for _, app := range names {
		s.Kubectl(s.Hub, "delete", "application", app, "-n", argocd, "--wait=false", "--ignore-not-found")
		s.Eventually(app+" is gone", func() bool {
			if s.Kubectl(s.Hub, "get", "application", app, "-n", argocd, "--ignore-not-found", "-o", "name") == "" {
				return true
			}
			_ = s.decide("ann", app, "approve", s.newest(app)) // The Plan of the deletion may not be the newest yet.
			return false
		})
	}
}

// files are those of an Application in the folder app, of which one object more or less does not pass any limit.
func files() map[string]string {
	return map[string]string{
		"app/config.yaml": steps.ConfigMap("config", "1"), "app/other.yaml": steps.ConfigMap("other", "1"),
		"app/more.yaml": strings.Join([]string{steps.ConfigMap("a", "1"), steps.ConfigMap("b", "1"), steps.ConfigMap("c", "1")}, "---\n"),
	}
}
