// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

// applications is where the Applications of the control-plane namespace are, and what is done to them.
const applications = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/"

// people are who plays before the gate: ann and bob approve, dan develops, mia says what is gated.
const people = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: approvers, namespace: argocd},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: capstan-approver},
  subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ann}, {apiGroup: rbac.authorization.k8s.io, kind: User, name: bob}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: developers, namespace: argocd},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: capstan-developer},
  subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: dan}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: policy-admins},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: capstan-policy-admin},
  subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: mia}]}
`

// gated begins a story whose production is production, until it ends.
func gated(t *testing.T, name string, files map[string]string) *story {
	t.Helper()
	s := begin(t, name, files)
	s.Apply(people)
	s.tier("production")
	return s
}

func (s *story) tier(tier string) {
	s.Helper()
	s.Kubectl(s.Hub, "patch", "clusters.capstan.dev", production, "--type=merge", "-p", fmt.Sprintf(`{"spec":{"tier":%q}}`, tier))
}

// waiting waits until an Application stands so before the gate, and returns the name and the digest of its Plan.
func (s *story) waiting(app, state string) (plan, digest string) {
	s.Helper()
	s.Until(s.Hub, plane.Prints(state), "get", "application", app, "-n", argocd, "-o", "jsonpath={.status.gate.state}")
	plan = s.Kubectl(s.Hub, "get", "application", app, "-n", argocd, "-o", "jsonpath={.status.gate.plan}")
	return plan, s.Kubectl(s.Hub, "get", "plan", plan, "-n", argocd, "-o", "jsonpath={.digest}")
}

// decide asks for a decision on a Plan, and returns what the server says against it.
func (s *story) decide(who, app, subresource, digest string) error {
	s.Helper()
	body := fmt.Sprintf(`{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationApproval","planDigest":%q}`, digest)
	_, err := s.Hub.As(who).Input(s.Context(), body, "create", "--raw", applications+app+"/"+subresource, "-f", "-")
	return err
}

// refused ends the story where an error does not say all of the texts.
func (s *story) refused(what string, err error, texts ...string) {
	s.Helper()
	if err == nil {
		s.Fatalf("%s is not refused", what)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			s.Errorf("%s is refused without %q: %v", what, text, err)
		}
	}
}

// newest is the digest of the newest Plan of an Application.
func (s *story) newest(app string) string {
	s.Helper()
	digests := strings.Fields(s.Kubectl(s.Hub, "get", "plans", "-n", argocd, "--field-selector", "spec.application.name="+app,
		"--sort-by=.spec.number", "-o", "jsonpath={.items[*].digest}"))
	if len(digests) == 0 {
		s.Fatalf("there is no Plan of %s", app)
	}
	return digests[len(digests)-1]
}
