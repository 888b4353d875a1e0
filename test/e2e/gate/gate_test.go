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

func TestProductionTakesNothingButWhatWasApproved(t *testing.T) {
	s := gated(t, "gated", map[string]string{
		"app/config.yaml": steps.ConfigMap("config", "1"), "app/other.yaml": steps.ConfigMap("other", "1"),
		"app/more.yaml": strings.Join([]string{steps.ConfigMap("a", "1"), steps.ConfigMap("b", "1"), steps.ConfigMap("c", "1")}, "---\n"),
	})
	s.Apply(s.Application("gated", production, "app", ""))
	plan, digest := s.waiting("gated", "AwaitingApproval")
	if table := s.Kubectl(s.Hub, "get", "applications", "-n", argocd, "gated"); !strings.Contains(table, "AwaitingApproval "+plan) {
		t.Errorf("kubectl get applications does not show what is waited for:\n%s", table)
	}
	s.Gone(production, "configmap/config")

	s.refused("an approval by a developer", s.decide("dan", "gated", "approve", digest), "Forbidden", "dan")
	s.refused("an approval of something else", s.decide("ann", "gated", "approve", "sha256:other"), "is the newest")
	_, err := s.Hub.Input(s.Context(), "{}", "create", "--raw", applications+"gated/sync", "-f", "-")
	s.refused("a sync without approval", err, "waits for", "/approve")
	_, err = s.Hub.Run(s.Context(), "patch", "application", "gated", "-n", argocd, "--type=merge", "-p", `{"operation":{"sync":{}}}`)
	s.refused("an operation without approval", err, "waits for")
	s.Gone(production, "configmap/config")

	s.OK(s.decide("ann", "gated", "approve", digest))
	s.Settled("gated")
	s.Value(production, "configmap/config", ".data.value", "1")
	s.Until(s.Hub, plane.Prints("Open"), "get", "application", "gated", "-n", argocd, "-o", "jsonpath={.status.gate.state}")
	record := s.Kubectl(s.Hub, "get", "syncruns", "-n", argocd, "--field-selector", "spec.application.name=gated", "-o",
		"jsonpath={.items[*].spec.planDigest} {.items[*].spec.approvers[*].username}")
	if record != digest+" ann" {
		t.Errorf("the record says %q, want the digest and ann", record)
	}

	s.Push(map[string]string{"app/config.yaml": steps.ConfigMap("config", "2")}, "app/other.yaml")
	_, digest = s.waiting("gated", "AwaitingApproval")
	there := stage.Plane.Kubectl(production)
	s.Kubectl(there, "patch", "configmap", "config", "-n", s.Name, "--type=merge", "-p", `{"data":{"value":"drift"}}`)
	s.Value(production, "configmap/config", ".data.value", "1")
	s.Kubectl(there, "get", "configmap", "other", "-n", s.Name)
	s.OK(s.decide("bob", "gated", "reject", digest))
	s.waiting("gated", "Rejected")
	s.refused("an approval of what was rejected", s.decide("ann", "gated", "approve", digest), "rejected")

	s.Push(map[string]string{"app/config.yaml": steps.ConfigMap("config", "3")})
	_, digest = s.waiting("gated", "AwaitingApproval")
	s.OK(s.decide("ann", "gated", "approve", digest))
	s.Settled("gated")
	s.Value(production, "configmap/config", ".data.value", "3")
	s.Gone(production, "configmap/other")

	s.Kubectl(s.Hub, "delete", "application", "gated", "-n", argocd, "--wait=false")
	s.Condition("gated", "DeletionError", "the gate holds it")
	s.Kubectl(there, "get", "configmap", "config", "-n", s.Name)
	digest = s.newest("gated")
	s.OK(s.decide("ann", "gated", "approve", digest))
	s.Gone(production, "configmap/config")
	s.Until(s.Hub, plane.Prints(""), "get", "application", "gated", "-n", argocd, "--ignore-not-found", "-o", "name")
	s.tier("")
}

// eased is a policy of production that trusts what was healthy lately, and knows emergencies.
const eased = `{apiVersion: capstan.dev/v1alpha1, kind: PromotionPolicy, metadata: {name: eased}, spec: {
  selectors: [{tiers: [production]}], approvals: [{role: approver}], rollback: {healthyWithin: 24h},
  breakGlass: {ticketPattern: "INC-[0-9]+"}}}
`

// everywhere lets ann and bob approve in all namespaces, and ian break the glass.
const everywhere = `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: approvers-everywhere},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: capstan-approver},
  subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ann}, {apiGroup: rbac.authorization.k8s.io, kind: User, name: bob}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: commanders, namespace: argocd},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: capstan-incident-commander},
  subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ian}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: releasers, namespace: argocd},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: capstan-releaser},
  subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: rita}]}
`

const policyPath = "/apis/capstan.dev/v1alpha1/promotionpolicies/eased/approve"

func TestAPolicyEasesTheWayBackAndEmergencies(t *testing.T) {
	s := gated(t, "eased", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(everywhere)
	_, err := s.Hub.As("mia").Input(s.Context(), eased, "create", "-f", "-")
	s.OK(err)
	change := s.Kubectl(s.Hub, "get", "promotionpolicy", "eased", "-o", "jsonpath={.status.waiting.digest}")
	agree := func(who, digest string) error {
		_, refused := s.Hub.As(who).Input(s.Context(), fmt.Sprintf(
			`{"apiVersion":"capstan.dev/v1alpha1","kind":"PolicyApproval","digest":%q}`, digest), "create", "--raw", policyPath, "-f", "-")
		return refused
	}
	s.OK(agree("ann", change))
	s.Until(s.Hub, plane.Prints(""), "get", "promotionpolicy", "eased", "-o", "jsonpath={.status.waiting}")

	s.Apply(s.Application("eased", production, "app", ""))
	approved := func(value string) {
		_, digest := s.waiting("eased", "AwaitingApproval")
		s.OK(s.decide("bob", "eased", "approve", digest))
		s.Value(production, "configmap/config", ".data.value", value)
		s.waiting("eased", "Open")
	}
	approved("1")
	first := s.Kubectl(s.Hub, "get", "syncruns", "-n", argocd, "--field-selector", "spec.application.name=eased", "-o", "jsonpath={.items[0].metadata.name}")
	s.Push(map[string]string{"app/config.yaml": steps.ConfigMap("config", "2")})
	approved("2")

	_, err = s.Hub.As("rita").Input(s.Context(), fmt.Sprintf(
		`{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationPlan","run":%q}`, first), "create", "--raw", applications+"eased/plan", "-f", "-")
	s.OK(err)
	s.Value(production, "configmap/config", ".data.value", "1")
	trigger := s.Kubectl(s.Hub, "get", "syncruns", "-n", argocd, "--field-selector", "spec.application.name=eased", "-o", "jsonpath={.items[*].spec.trigger}")
	if !strings.Contains(trigger, "Rollback") {
		t.Errorf("the syncs were begun as %s, want a Rollback", trigger)
	}

	s.Push(map[string]string{"app/config.yaml": steps.ConfigMap("config", "3")})
	_, digest := s.waiting("eased", "AwaitingApproval")
	emergency := func(who, ticket string) error {
		_, refused := s.Hub.As(who).Input(s.Context(), fmt.Sprintf(`{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationApproval",`+
			`"planDigest":%q,"ticket":%q,"reason":"the shop is down"}`, digest, ticket), "create", "--raw", applications+"eased/breakglass", "-f", "-")
		return refused
	}
	s.refused("an emergency by a releaser", emergency("rita", "INC-1"), "Forbidden")
	s.refused("an emergency without a ticket", emergency("ian", "soon"), "ticket")
	s.OK(emergency("ian", "INC-1"))
	s.Value(production, "configmap/config", ".data.value", "3")
	s.waiting("eased", "Open")
	s.Until(s.Hub, func(record string) bool { return strings.Contains(record, "BreakGlass ian") }, "get", "syncruns", "-n", argocd,
		"--field-selector", "spec.application.name=eased",
		"-o", "jsonpath={range .items[*].spec.approvers[*]}{.decision} {.username},{end}")

	s.Kubectl(s.Hub.As("mia"), "delete", "promotionpolicy", "eased", "--wait=false")
	row := strings.Fields(s.Kubectl(s.Hub, "get", "promotionpolicy", "eased", "--no-headers"))
	change = row[len(row)-2]
	s.OK(agree("ann", change))
	s.Kubectl(s.Hub, "get", "promotionpolicy", "eased")
	s.OK(agree("bob", change))
	s.Until(s.Hub, plane.Prints(""), "get", "promotionpolicy", "eased", "--ignore-not-found", "-o", "name")
	s.tier("")
	s.Remove("eased")
}

func TestAnApprovedPlanSurvivesAKillAndAPush(t *testing.T) {
	files := map[string]string{}
	const objects = 100
	for i := range objects {
		files[fmt.Sprintf("app/config-%03d.yaml", i)] = steps.ConfigMap(fmt.Sprintf("config-%03d", i), "1")
	}
	s := gated(t, "promised", files)
	s.Apply(s.Application("promised", production, "app", ""))
	plan, digest := s.waiting("promised", "AwaitingApproval")
	s.OK(s.decide("ann", "promised", "approve", digest))
	there := stage.Plane.Kubectl(production)
	s.Until(there, func(out string) bool { return strings.Contains(out, "config-") },
		"get", "configmaps", "-n", s.Name, "--ignore-not-found", "-o", "name")
	s.OK(stage.Capstan.Kill())
	// Nobody hears the webhook, and that is the error: the commit is there.
	_, err := s.Repo.Push(s.Context(), gitserver.Commit{Files: map[string]string{"app/config-000.yaml": steps.ConfigMap("config-000", "2")}})
	s.refused("a webhook to a server that is down", err, "webhook")
	s.OK(stage.Capstan.Start(s.Context()))
	s.Until(s.Hub, plane.Prints("Succeeded"), "get", "plan", plan, "-n", argocd, "-o", "jsonpath={.status.phase}")
	next, _ := s.waiting("promised", "AwaitingApproval")
	if next == plan {
		t.Errorf("what was pushed meanwhile has no Plan of its own")
	}
	s.Value(production, "configmap/config-000", ".data.value", "1")
	names := s.Kubectl(there, "get", "configmaps", "-n", s.Name, "-l", "capstan.dev/managed=true", "-o", "name")
	if got := len(strings.Fields(names)); got != objects {
		t.Errorf("%d of %d objects are there", got, objects)
	}
	s.tier("")
	s.Settled("promised")
	s.Value(production, "configmap/config-000", ".data.value", "2")
	s.Remove("promised")
}
