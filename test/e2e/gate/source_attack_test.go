// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/registry"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// farewell is a hook that runs when its Application is deleted.
func farewell(name string) string {
	return strings.Replace(steps.ConfigMap(name, "1"), "{name: "+name+"}", "{name: "+name+", annotations: {argocd.argoproj.io/hook: PreDelete,\n"+
		"  argocd.argoproj.io/hook-delete-policy: HookFailed}}", 1)
}

// The source of an Application is its author's to change, at any time: also after somebody approved what was there.
func TestWhatWasApprovedIsAppliedWhateverBecomesOfTheSource(t *testing.T) {
	for name, change := range map[string]struct {
		revision string
		rewrite  func(s *story)
	}{
		"a tag is moved": {"v1", func(s *story) {
			s.OK(s.Repo.Tag(s.Context(), "v1", s.smuggle(gitserver.Commit{}), ""))
		}},
		"a branch is rewritten and the commit is gone": {"main", func(s *story) {
			s.OK(s.Repo.Delete(s.Context(), "refs/tags/v1"))
			s.smuggle(gitserver.Commit{Orphan: true})
			s.OK(s.Repo.Forget(s.Context()))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := gated(t, strings.ReplaceAll(name, " ", "-"), files())
			first, err := s.Repo.Commit(s.Context(), "main")
			s.OK(err)
			s.OK(s.Repo.Tag(s.Context(), "v1", first, ""))
			s.Apply(strings.Replace(s.Application(s.Name, production, "app", byHand), "targetRevision: HEAD", "targetRevision: "+change.revision, 1))
			s.waiting(s.Name, "AwaitingApproval")
			digest := s.ask(s.Name)
			s.OK(s.decide("ann", s.Name, "approve", digest))
			change.rewrite(s)
			s.OK(s.sync(s.Name, digest))
			s.Value(production, "configmap/config", ".data.value", "1")
			s.Value(production, "configmap/other", ".data.value", "1")
			s.applied(s.Name, digest+" "+first)
			s.Gone(production, "configmap/smuggled")
		})
	}
	gated(t, "sources", nil).bury("a-tag-is-moved", "a-branch-is-rewritten-and-the-commit-is-gone")
}

func TestABranchThatIsNamedAsTheTagDeploysNothing(t *testing.T) {
	s := gated(t, "homonym", files())
	first, err := s.Repo.Commit(s.Context(), "main")
	s.OK(err)
	s.OK(s.Repo.Tag(s.Context(), "v1", first, ""))
	s.Apply(strings.Replace(s.Application("homonym", production, "app", byHand), "targetRevision: HEAD", "targetRevision: v1", 1))
	_, digest := s.waiting("homonym", "AwaitingApproval")
	s.OK(s.decide("ann", "homonym", "approve", digest))
	was := s.there()
	s.smuggle(gitserver.Commit{Branch: "v1"})
	s.Condition("homonym", "ComparisonError", "is both a branch and a tag")
	s.OK(s.sync("homonym", digest))
	s.Condition("homonym", "ComparisonError", "is both a branch and a tag")
	s.untouched(was)
	s.OK(s.Repo.Delete(s.Context(), "refs/heads/v1"))
	s.applied("homonym", digest+" "+first)
	s.Value(production, "configmap/config", ".data.value", "1")
	s.Gone(production, "configmap/smuggled")
	s.bury("homonym")
}

// applied waits until the Plans that were carried out are these, by digest and revision, and no others.
func (s *story) applied(app string, want ...string) {
	s.Helper()
	s.Until(s.Hub, plane.Prints(strings.Join(want, "\n")), "get", "syncruns", "-n", argocd, "--field-selector", "spec.application.name="+app,
		"-o", "jsonpath={range .items[*]}{.spec.planDigest} {.spec.revision}{'\\n'}{end}")
}

func TestARetryKeepsToThePlanWhenACommitComesMeanwhile(t *testing.T) {
	content := files()
	content["app/late.yaml"] = "{apiVersion: v1, kind: ConfigMap, metadata: {name: late, namespace: retried-late}, data: {value: \"1\"}}\n"
	s := gated(t, "retried", content)
	s.Apply(s.Application("retried", production, "app", "{automated: {prune: true}, syncOptions: [CreateNamespace=true], "+
		"retry: {limit: 50, refresh: true, backoff: {duration: 1s, factor: 1}}}"))
	_, digest := s.waiting("retried", "AwaitingApproval")
	first, err := s.Repo.Commit(s.Context(), "main")
	s.OK(err)
	s.OK(s.decide("ann", "retried", "approve", digest))
	s.Until(s.Hub, func(out string) bool { return strings.Contains(out, "Retrying") }, "get", "application", "retried", "-n", argocd, "-o",
		"jsonpath={.status.operationState.message}")
	s.smuggle(gitserver.Commit{})
	s.Kubectl(stage.Plane.Kubectl(production), "create", "namespace", "retried-late")
	s.applied("retried", digest+" "+first)
	s.Value(production, "configmap/config", ".data.value", "1")
	s.Value(production, "configmap/other", ".data.value", "1")
	s.Gone(production, "configmap/smuggled")
	s.waiting("retried", "AwaitingApproval")
	s.bury("retried")
}

func TestADeletionRunsTheHooksThatWereApproved(t *testing.T) {
	content := files()
	content["app/hook.yaml"] = farewell("farewell")
	s := gated(t, "parting", content)
	s.deployed("parting", "app", "")
	s.Kubectl(s.Hub, "delete", "application", "parting", "-n", argocd, "--wait=false")
	s.Condition("parting", "DeletionError", "the gate holds it")
	s.Gone(production, "configmap/farewell")
	s.Push(map[string]string{"app/hook.yaml": farewell("smuggled")})
	s.bury("parting")
	s.Value(production, "configmap/farewell", ".data.value", "1")
	s.Gone(production, "configmap/smuggled")
}

func TestAChartThatIsPushedAnewIsNotWhatWasApproved(t *testing.T) {
	s := gated(t, "artifact", nil)
	shop, err := registry.Start()
	s.OK(err)
	defer shop.Close()
	first, err := shop.Push(s.Context(), "1.0.0", files())
	s.OK(err)
	s.Apply(fmt.Sprintf(`{apiVersion: v1, kind: Secret,
  metadata: {name: artifact, namespace: %s, labels: {argocd.argoproj.io/secret-type: repository}},
  stringData: {type: oci, url: %q, insecureOCIForceHttp: "true"}}
`, argocd, shop.URL()), strings.Replace(s.Application("artifact", production, "app", byHand),
		fmt.Sprintf("repoURL: %q, path: app, targetRevision: HEAD", s.Repo.URL()),
		fmt.Sprintf("repoURL: %q, path: app, targetRevision: 1.0.0", shop.URL()), 1))
	s.waiting("artifact", "AwaitingApproval")
	digest := s.ask("artifact")
	// Nobody can tell who wrote an artifact, so that one person more is asked for.
	s.OK(s.decide("ann", "artifact", "approve", digest))
	s.OK(s.decide("bob", "artifact", "approve", digest))
	_, err = shop.Push(s.Context(), "1.0.0", map[string]string{"app/config.yaml": steps.ConfigMap("config", "smuggled"), "app/smuggled.yaml": steps.ConfigMap("smuggled", "1")})
	s.OK(err)
	s.OK(s.sync("artifact", digest))
	s.applied("artifact", digest+" "+first)
	s.Value(production, "configmap/config", ".data.value", "1")
	s.Gone(production, "configmap/smuggled")
	s.bury("artifact")
	s.Kubectl(s.Hub, "delete", "secret", "artifact", "-n", argocd)
}
