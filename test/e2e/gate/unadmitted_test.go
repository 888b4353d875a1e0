// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// unadmitted has the server run without its own admission plugins, until the story ends.
func (s *story) unadmitted() {
	s.Helper()
	s.restart("--disable-admission-plugins", "ApplicationOperation,ApplicationAction,ApplicationProject,PromotionGate")
	s.Cleanup(func() {
		if err := errors.Join(stage.Capstan.Stop(), stage.Capstan.Start(context.Background())); err != nil {
			s.Error(err)
		}
	})
}

func (s *story) restart(flags ...string) {
	s.Helper()
	s.OK(stage.Capstan.Stop())
	s.OK(stage.Capstan.Start(s.Context(), flags...))
}

// operations are those that admission refuses, each with what the reconciler says of it.
func operations(repository, plan string) map[string][2]string {
	return map[string][2]string{
		"a sync":                  {`{"sync":{}}`, "waits for"},
		"a sync that prunes":      {`{"sync":{"prune":true}}`, "waits for"},
		"manifests of one's own":  {`{"sync":{"manifests":["{apiVersion: v1, kind: ConfigMap, metadata: {name: smuggled}}"]}}`, "manifests come from who asks"},
		"another revision":        {`{"sync":{"revision":"other"}}`, "revision differs"},
		"another source":          {fmt.Sprintf(`{"sync":{"source":{"repoURL":%q,"path":"app","targetRevision":"other"}}}`, repository), "source differs"},
		"some of the objects":     {`{"sync":{"resources":[{"kind":"ConfigMap","name":"config"}]}}`, "resources choose"},
		"replacing by force":      {`{"sync":{"syncStrategy":{"hook":{"force":true}}}}`, "deletes objects"},
		"a retry that reads anew": {`{"sync":{},"retry":{"refresh":true,"limit":5}}`, "retry.refresh"},
		"the name of a Plan": {fmt.Sprintf(`{"sync":{},"initiatedBy":{"automated":true},
			"info":[{"name":"capstan.dev/plan","value":%q},{"name":"capstan.dev/rollback","value":"x"}]}`, plan), "waits for"},
	}
}

func TestTheReconcilerHoldsWithoutAdmission(t *testing.T) {
	s := gated(t, "unadmitted", files())
	s.deployed("unadmitted", "app", byHand)
	s.smuggle(gitserver.Commit{Branch: "other"})
	s.smuggle(gitserver.Commit{})
	plan, _ := s.waiting("unadmitted", "AwaitingApproval")
	was := s.there()
	s.unadmitted()

	for name, attack := range operations(s.Repo.URL(), plan) {
		s.part("an operation: "+name, func(s *story) {
			s.patch("unadmitted", fmt.Sprintf(`{"operation":%s}`, attack[0]))
			s.failed("unadmitted", attack[1])
			s.untouched(was)
		})
	}
	for _, named := range []string{plan, "missing"} {
		s.part("a status that names Plan "+named+", and a restart", func(s *story) {
			s.patch("unadmitted", fmt.Sprintf(`{"status":{"gate":{"state":"Approved","deployed":{"plan":%q,"manifests":"x"}},
			"operationState":{"phase":"Running","startedAt":"2026-01-01T00:00:00Z","operation":{"sync":{"prune":true},
			"initiatedBy":{"automated":true},"info":[{"name":"capstan.dev/plan","value":%[1]q}]}}}}`, named), "--subresource=status")
			s.restart("--disable-admission-plugins", "ApplicationOperation,ApplicationAction,ApplicationProject,PromotionGate")
			s.failed("unadmitted", "")
			s.waiting("unadmitted", "AwaitingApproval")
			s.untouched(was)
		})
	}
	s.part("records that only the server writes", func(s *story) { s.recordsAreRefused("unadmitted", plan) })
	s.part("automated sync that prunes and heals", func(s *story) {
		s.patch("unadmitted", `{"spec":{"syncPolicy":{"automated":{"prune":true,"selfHeal":true}}}}`)
		s.Until(s.Hub, func(out string) bool { return out != plan }, "get", "application", "unadmitted", "-n", argocd, "-o", "jsonpath={.status.gate.plan}")
		s.waiting("unadmitted", "AwaitingApproval")
		s.untouched(was)
	})
	s.part("to staging and back", func(s *story) {
		s.patch("unadmitted", `{"spec":{"destination":{"name":"staging"}}}`)
		s.Value(staging, "configmap/smuggled", ".data.value", "1")
		s.Settled("unadmitted")
		s.patch("unadmitted", `{"spec":{"destination":{"name":"production"}}}`)
		s.waiting("unadmitted", "AwaitingApproval")
		s.untouched(was)
	})
	s.part("a change of an Application that is synced to staging", func(s *story) {
		s.Push(map[string]string{"arriving/config.yaml": steps.ConfigMap("arriving", "1")})
		s.Apply(s.Application("arriving", staging, "arriving", ""))
		s.Settled("arriving")
		s.patch("arriving", `{"spec":{"destination":{"name":"production"}}}`)
		s.waiting("arriving", "AwaitingApproval")
		s.untouched(was)
		s.bury("arriving")
	})
	s.part("production under another address", func(s *story) {
		s.Push(map[string]string{"aliased/config.yaml": steps.ConfigMap("aliased", "1")})
		s.alias("harmless")
		s.Apply(s.Application("aliased", "harmless", "aliased", ""))
		s.waiting("aliased", "AwaitingApproval")
		s.untouched(was)
		s.bury("aliased")
		s.Kubectl(s.Hub, "delete", "secret", "cluster-harmless", "-n", argocd)
	})
	s.part("a deletion with all objects", func(s *story) {
		s.Kubectl(s.Hub, "delete", "application", "unadmitted", "-n", argocd, "--wait=false")
		s.Condition("unadmitted", "DeletionError", "the gate holds it")
		s.untouched(was)
	})
	s.bury("unadmitted")
	s.tier("")
}

// recordsAreRefused writes what lets a Plan through, as who may write all.
func (s *story) recordsAreRefused(app, plan string) {
	s.Helper()
	approval := fmt.Sprintf(`{apiVersion: capstan.dev/v1alpha1, kind: Approval, metadata: {name: forged, namespace: %s},
		spec: {application: {name: %s, uid: x}, plan: %s, planDigest: x, decision: Approve, approver: {username: ann}, roles: [approver]}}`, argocd, app, plan)
	_, err := s.Hub.Input(s.Context(), approval, "create", "-f", "-")
	s.refused("a forged Approval", err, "the server alone writes it")
	_, err = s.Hub.Run(s.Context(), "patch", "plan", plan, "-n", argocd, "--subresource=status", "--type=merge", "-p", `{"status":{"phase":"Running"}}`)
	s.refused("a forged Plan", err, "the server alone")
	_, err = s.Hub.Run(s.Context(), "patch", "plan", plan, "-n", argocd, "--type=merge", "-p", `{"spec":{"prune":true}}`)
	s.refused("a changed Plan", err, "spec")
}

// alias registers production once more, under another name and address.
func (s *story) alias(name string) {
	s.Helper()
	secret := s.Kubectl(s.Hub, "get", "secret", "cluster-"+production, "-n", argocd, "-o",
		"go-template={{.data.config | base64decode}}")
	server := strings.Replace(stage.Plane.Clusters[production].Server, "127.0.0.1", "localhost", 1)
	s.Apply(fmt.Sprintf(`{apiVersion: v1, kind: Secret, metadata: {name: cluster-%s, namespace: %s, labels: {argocd.argoproj.io/secret-type: cluster}},
  stringData: {name: %[1]s, server: %[3]q, config: %[4]q}}
`, name, argocd, server, secret))
	s.Until(s.Hub, func(out string) bool { return out != "" }, "get", "clusters.capstan.dev", name, "-o", "jsonpath={.status.uid}")
}

// strict asks for a reason, which the built-in policy does not.
const strict = `{apiVersion: capstan.dev/v1alpha1, kind: PromotionPolicy, metadata: {name: strict}, spec: {
  selectors: [{tiers: [production]}], approvals: [{role: approver}], requireReason: true}}
`

func TestAPolicyStaysInForceWithoutAdmission(t *testing.T) {
	s := gated(t, "strict", files())
	s.Apply(everywhere, strict)
	s.unadmitted()
	s.Apply(s.Application("strict", production, "app", ""))
	_, digest := s.waiting("strict", "AwaitingApproval")
	was := s.there()
	for what, weaken := range map[string][]string{
		"a spec that asks for less":   {"patch", "promotionpolicy", "strict", "--type=merge", "-p", `{"spec":{"requireReason":false}}`},
		"a selector of nothing":       {"patch", "promotionpolicy", "strict", "--type=merge", "-p", `{"spec":{"selectors":[{"tiers":["dev"]}]}}`},
		"a finalizer that is taken":   {"patch", "promotionpolicy", "strict", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`},
		"a deletion":                  {"delete", "promotionpolicy", "strict", "--wait=false"},
		"a deletion that leaves none": {"delete", "--raw", "/apis/capstan.dev/v1alpha1/promotionpolicies?labelSelector=!none"},
	} {
		s.part(what, func(s *story) {
			s.Kubectl(s.Hub, weaken...)
			s.refused("an approval without a reason", s.decide("ann", "strict", "approve", digest), "reason")
			s.Until(s.Hub, plane.Prints("true"), "get", "promotionpolicy", "strict", "-o", "jsonpath={.status.effective.requireReason}")
			s.patch("strict", `{"operation":{"sync":{}}}`)
			s.failed("strict", "waits for")
			s.untouched(was)
		})
	}
	s.part("a status that says what is in force", func(s *story) {
		_, err := s.Hub.Run(s.Context(), "patch", "promotionpolicy", "strict", "--subresource=status", "--type=merge", "-p", `{"status":{"effective":{"selectors":[]}}}`)
		s.refused("a forged status of a policy", err, "promotionpolicies/approve")
	})
	row := strings.Fields(s.Kubectl(s.Hub, "get", "promotionpolicy", "strict", "--no-headers"))
	for _, who := range []string{"ann", "bob"} {
		_, err := s.Hub.As(who).Input(s.Context(), fmt.Sprintf(`{"apiVersion":"capstan.dev/v1alpha1","kind":"PolicyApproval","digest":%q}`,
			row[len(row)-2]), "create", "--raw", "/apis/capstan.dev/v1alpha1/promotionpolicies/strict/approve", "-f", "-")
		s.OK(err)
	}
	s.Until(s.Hub, plane.Prints(""), "get", "promotionpolicy", "strict", "--ignore-not-found", "-o", "name")
	s.bury("strict")
	s.tier("")
}
