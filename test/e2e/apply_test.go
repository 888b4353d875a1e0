// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/steps"
)

func writeTemp(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestApplyTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	s := begin(t, "apply-twice", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	manifest := writeTemp(t, s.Application("apply-twice", staging, "app", "{}"))
	for _, how := range [][]string{{"apply"}, {"apply", "--server-side", "--force-conflicts"}} {
		s.Kubectl(s.Hub, append(how, "-f", manifest)...)
		s.Status("apply-twice", "OutOfSync/Missing")
		version := s.Kubectl(s.Hub, "get", "application", "apply-twice", "-n", argocd, "-o", "jsonpath={.metadata.resourceVersion}")
		s.Kubectl(s.Hub, append(how, "-f", manifest)...)
		again := s.Kubectl(s.Hub, "get", "application", "apply-twice", "-n", argocd, "-o", "jsonpath={.metadata.resourceVersion}")
		if version != again {
			t.Errorf("kubectl %s again moved the resourceVersion from %s to %s", strings.Join(how, " "), version, again)
		}
	}
	s.Kubectl(s.Hub, "wait", "--for=jsonpath={.status.sync.status}=OutOfSync", "application/apply-twice", "-n", argocd)
	if out := s.Kubectl(s.Hub, "explain", "application.spec.syncPolicy.automated"); !strings.Contains(out, "selfHeal") {
		t.Errorf("kubectl explain prints %q", out)
	}
	s.Remove("apply-twice")
}

func TestAHostNamespaceThatHoldsApplicationsCanBeDeleted(t *testing.T) {
	t.Parallel()
	s := begin(t, "doomed", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Kubectl(s.Hub, "create", "namespace", "doomed")
	s.Apply(`{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: doomed, namespace: argocd},
  spec: {sourceRepos: ["*"], sourceNamespaces: [doomed], destinations: [{server: "*", namespace: "*"}]}}
`)
	manifest := s.Application("app", staging, "app", "")
	manifest = strings.Replace(manifest, "namespace: argocd", "namespace: doomed", 1)
	manifest = strings.Replace(manifest, "project: default", "project: doomed", 1)
	s.Apply(manifest)
	s.Value(staging, "configmap/config", ".data.value", "1")
	s.Kubectl(s.Hub, "delete", "namespace", "doomed", "--timeout", "90s")
	s.Gone(staging, "configmap/config")
	s.Kubectl(s.Hub, "delete", "appproject", "doomed", "-n", argocd)
}

// A server-side dry run goes through everything but the store; the Secrets hold placeholders.
func TestTheExamplesApply(t *testing.T) {
	s := begin(t, "examples", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	examples := filepath.Join("..", "..", "artifacts", "examples")
	files, err := filepath.Glob(filepath.Join(examples, "*.yaml"))
	s.OK(err)
	s.Kubectl(s.Hub, "create", "namespace", "team-shop") // the team's own, which is there before the team is let in
	out := s.Kubectl(s.Hub, "apply", "--dry-run=server", "-f", examples)
	if made := strings.Count(out, "(server dry run)"); made < len(files) {
		t.Errorf("%d objects of %d files were applied:\n%s", made, len(files), out)
	}
	// A review is a question: it has no name, is created only, and is answered at once.
	answer := s.Kubectl(s.Hub, "create", "-f", filepath.Join(examples, "reviews"), "-o", "jsonpath={.status}")
	if !strings.Contains(answer, "Progressing") {
		t.Errorf("the review is answered by %s", answer)
	}
}
