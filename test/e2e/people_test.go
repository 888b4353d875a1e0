// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"sync"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

const syncPath = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/"

// mayTeamSync lets tina do what a team does.
const mayTeamSync = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: team, namespace: argocd},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: capstan-sync},
  subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: tina}]}
`

func TestATeamMaySyncButNotEdit(t *testing.T) {
	t.Parallel()
	s := begin(t, "team", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(s.Application("team", staging, "app", "{syncOptions: [CreateNamespace=true]}"), mayTeamSync)
	s.Status("team", "OutOfSync/Missing")
	tina := s.Hub.As("tina")

	if out := s.Kubectl(tina, "auth", "can-i", "create", "applications", "--subresource=sync", "-n", argocd); out != "yes" {
		t.Errorf("may tina sync? %s", out)
	}
	for _, refused := range [][]string{
		{"patch", "application", "team", "-n", argocd, "--type=merge", "-p", `{"spec":{"project":"other"}}`},
		{"patch", "application", "team", "-n", argocd, "--type=merge", "-p", `{"operation":{"sync":{}}}`},
		{"delete", "application", "team", "-n", argocd},
	} {
		if _, err := tina.Run(s.Context(), refused...); err == nil || !strings.Contains(err.Error(), "forbidden") {
			t.Errorf("tina may %s: %v", strings.Join(refused, " "), err)
		}
	}

	_, err := tina.Input(s.Context(), "{}", "create", "--raw", syncPath+"team/sync", "-f", "-")
	s.OK(err)
	s.Settled("team")
	s.Value(staging, "configmap/config", ".data.value", "1")
	if who := s.Kubectl(s.Hub, "get", "application", "team", "-n", argocd, "-o",
		"jsonpath={.status.operationState.operation.initiatedBy.username}"); who != "tina" {
		t.Errorf("the sync was initiated by %q, want tina", who)
	}
	if runs := s.Kubectl(s.Hub, "get", "syncruns", "-n", argocd, "--field-selector", "spec.application.name=team"); !strings.Contains(runs, "tina") {
		t.Errorf("the record of the sync does not name tina:\n%s", runs)
	}
	s.Remove("team")
}

func TestTwoPeopleRacingOnOneApplication(t *testing.T) {
	t.Parallel()
	s := begin(t, "race", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(s.Application("race", staging, "app", "{syncOptions: [CreateNamespace=true]}"))
	s.Status("race", "OutOfSync/Missing")
	const people = 8
	failures := make([]error, people)
	var racing sync.WaitGroup
	for i := range people {
		racing.Go(func() {
			_, failures[i] = s.Hub.As("admin-"+string(rune('a'+i)), "system:masters").
				Input(s.Context(), "{}", "create", "--raw", syncPath+"race/sync", "-f", "-")
		})
	}
	racing.Wait()
	won := 0
	for _, err := range failures {
		switch {
		case err == nil:
			won++
		case !strings.Contains(err.Error(), "another operation is in progress"):
			t.Errorf("who lost the race is told %v", err)
		}
	}
	if won == 0 {
		t.Error("nobody won the race")
	}
	s.Settled("race")
	runs := s.Kubectl(s.Hub, "get", "syncruns", "-n", argocd, "--field-selector", "spec.application.name=race", "-o", "name")
	if got := len(strings.Fields(runs)); got != won {
		t.Errorf("%d syncs are recorded, %d were accepted", got, won)
	}
	s.Remove("race")
}

func TestRollbackHoldsUntilTheNextCommit(t *testing.T) {
	t.Parallel()
	s := begin(t, "rollback", map[string]string{"app/config.yaml": steps.ConfigMap("config", "good")})
	s.Apply(s.Application("rollback", staging, "app", ""))
	s.Value(staging, "configmap/config", ".data.value", "good")
	s.Settled("rollback")
	bad := s.Push(map[string]string{"app/config.yaml": steps.ConfigMap("config", "bad")})
	s.Value(staging, "configmap/config", ".data.value", "bad")
	s.Until(s.Hub, plane.Prints(bad), "get", "application", "rollback", "-n", argocd, "-o",
		"jsonpath={.status.history[1].revision}")

	_, err := s.Hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"rollback/rollback", "-f", "-")
	s.OK(err)
	s.Value(staging, "configmap/config", ".data.value", "good")
	s.Condition("rollback", "SyncError", "rolled back")
	s.Push(map[string]string{"unrelated.txt": "nothing"})
	s.Value(staging, "configmap/config", ".data.value", "good")

	s.Push(map[string]string{"app/config.yaml": steps.ConfigMap("config", "better")})
	s.Value(staging, "configmap/config", ".data.value", "better")
	s.Settled("rollback")
	s.Remove("rollback")
}

func TestManifestsAndDiffShowWhatASyncWouldDoAndNoSecret(t *testing.T) {
	t.Parallel()
	s := begin(t, "diff", map[string]string{
		"app/config.yaml": steps.ConfigMap("config", "1"),
		"app/secret.yaml": "{apiVersion: v1, kind: Secret, metadata: {name: secret}, stringData: {password: hunter2}}\n",
	})
	s.Apply(s.Application("diff", staging, "app", ""))
	s.Settled("diff")
	second := s.Push(map[string]string{
		"app/secret.yaml": "{apiVersion: v1, kind: Secret, metadata: {name: secret}, stringData: {password: correct-horse}}\n",
	})
	s.Until(s.Hub, plane.Prints(second), "get", "application", "diff", "-n", argocd, "-o", "jsonpath={.status.sync.revision}")
	first := s.Kubectl(s.Hub, "get", "application", "diff", "-n", argocd, "-o", "jsonpath={.status.history[0].revision}")

	manifests := s.Kubectl(s.Hub, "get", "--raw", syncPath+"diff/manifests?revision="+first)
	diff := s.Kubectl(s.Hub, "get", "--raw", syncPath+"diff/diff?revision="+first)
	if !strings.Contains(manifests, `"value":"1"`) || !strings.Contains(diff, `"action":"Update"`) {
		t.Errorf("manifests: %s\ndiff: %s", manifests, diff)
	}
	for _, secret := range []string{"hunter2", "aHVudGVyMg", "correct-horse", "Y29ycmVjdC1ob3JzZQ"} {
		if strings.Contains(manifests+diff, secret) {
			t.Errorf("%s is shown", secret)
		}
	}
	s.Remove("diff")
}

// A policy that is stored in the hub judges requests that this server answers.
func TestThePoliciesOfTheHubHoldHere(t *testing.T) {
	s := begin(t, "policy", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(s.Application("policy", staging, "app", "{syncOptions: [CreateNamespace=true]}"),
		`{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: no-pruning-by-hand},
  spec: {failurePolicy: Fail,
    matchConstraints: {resourceRules: [{apiGroups: [argoproj.io], apiVersions: [v1alpha1], operations: [CREATE],
      resources: [applications/sync]}]},
    validations: [{expression: "!has(object.prune) || !object.prune", message: "nobody prunes by hand"}]}}
`, `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: no-pruning-by-hand},
  spec: {policyName: no-pruning-by-hand, validationActions: [Deny]}}
`)
	s.Status("policy", "OutOfSync/Missing")
	refused := func() error {
		_, err := s.Hub.Input(s.Context(), `{"prune":true}`, "create", "--raw", syncPath+"policy/sync?dryRun=All", "-f", "-")
		return err
	}
	s.Eventually("the policy of the hub is heard of", func() bool { return refused() != nil })
	if err := refused(); !strings.Contains(err.Error(), "nobody prunes by hand") {
		t.Errorf("a sync with prune is answered by %v", err)
	}
	_, err := s.Hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"policy/sync", "-f", "-")
	s.OK(err)
	s.Settled("policy")
	s.Kubectl(s.Hub, "delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", "no-pruning-by-hand")
	s.Remove("policy")
}
