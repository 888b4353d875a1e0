// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/capstan-dev/capstan/test/harness/hook"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// crowd is an account whose requests share a priority level without a seat: one is served at a time, none waits.
const crowd = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: crowd, namespace: argocd}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: crowd, namespace: argocd},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin},
  subjects: [{kind: ServiceAccount, name: crowd, namespace: argocd}]}
---
{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: PriorityLevelConfiguration, metadata: {name: crowd},
  spec: {type: Limited, limited: {nominalConcurrencyShares: 0, borrowingLimitPercent: 0, limitResponse: {type: Reject}}}}
---
{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: crowd},
  spec: {priorityLevelConfiguration: {name: crowd}, matchingPrecedence: 10, rules: [{
    subjects: [{kind: ServiceAccount, serviceAccount: {name: crowd, namespace: argocd}}],
    resourceRules: [{verbs: ["*"], apiGroups: [argoproj.io], resources: ["*"], namespaces: ["*"]}]}]}}
`

const gateOfTheCrowd = `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: crowd},
  webhooks: [{name: gate.example.com, admissionReviewVersions: [v1], sideEffects: None, timeoutSeconds: 30,
    clientConfig: %s, matchConditions: [{name: crowd, expression: "request.userInfo.username.endsWith(':crowd')"}],
    rules: [{apiGroups: [argoproj.io], apiVersions: [v1alpha1], operations: [CREATE], resources: [applications]}]}]}
`

// A priority level that is stored in the hub limits requests that this server answers, here while
// a webhook holds one up.
func TestThePriorityLevelsOfTheHubHoldHere(t *testing.T) {
	s := begin(t, "crowd", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	var holding atomic.Bool
	held, release := make(chan struct{}), make(chan struct{})
	open := sync.OnceFunc(func() { close(release) })
	gate := hook.Serve(func(*admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
		if holding.Load() {
			held <- struct{}{}
			<-release
		}
		return hook.Deny("the gate is shut")
	})
	defer gate.Close()
	defer open()
	s.Apply(crowd, fmt.Sprintf(gateOfTheCrowd, gate.ClientConfig()))
	defer s.Kubectl(s.Hub, "delete", "validatingwebhookconfiguration,flowschema,prioritylevelconfiguration", "crowd")
	token := s.Kubectl(s.Hub, "create", "token", "crowd", "-n", argocd)
	schema := s.Kubectl(s.Hub, "get", "flowschema", "crowd", "-o", "jsonpath={.metadata.uid}")
	create, read := s.crowded(token, http.MethodPost, "?dryRun=All"), s.crowded(token, http.MethodGet, "/crowd")
	s.Eventually("the crowd is known, and comes to the gate", func() bool {
		known := read()
		return known.code == http.StatusNotFound && known.header.Get(flowSchema) == schema &&
			strings.Contains(create().body, "the gate is shut")
	})

	holding.Store(true)
	first := make(chan answer, 1)
	go func() { first <- create() }()
	select {
	case <-held:
	case early := <-first:
		t.Fatalf("who is not held up is answered by %d: %s", early.code, early.body)
	}
	if next := read(); next.code != http.StatusTooManyRequests || next.header.Get(flowSchema) != schema {
		t.Errorf("while one of the crowd is served, the next is answered by %d: %s", next.code, next.body)
	}
	s.Kubectl(s.Hub, "get", "applications", "-n", argocd)
	open()
	if served := <-first; !strings.Contains(served.body, "the gate is shut") {
		t.Errorf("who was served is answered by %d: %s", served.code, served.body)
	}
	s.Eventually("the next is served", func() bool { return read().code == http.StatusNotFound })
}

// flowSchema is the header in which a server says by what it classified a request.
const flowSchema = "X-Kubernetes-PF-FlowSchema-UID"

// crowded returns a request by the crowd, whose answer has no code where there is none.
func (s *story) crowded(token, method, path string) func() answer {
	body := s.Application("crowd", staging, "app", "{}")
	return func() answer {
		answered, err := ask(s.Context(), token, method, "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"+path, body)
		if err != nil {
			return answer{body: err.Error()}
		}
		return answered
	}
}
