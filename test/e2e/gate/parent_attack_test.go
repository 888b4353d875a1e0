// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"strings"
	"testing"
)

// child is an Application that goes to production, as a file of another one, with what else it says.
func (s *story) child(more string) map[string]string {
	return map[string]string{"apps/child.yaml": fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: %[1]s-child, namespace: %[2]s}
spec:
  project: default
  source: {repoURL: %[3]q, path: app, targetRevision: HEAD}
  destination: {name: %[4]s, namespace: %[1]s}
  syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true]}
%[5]s
`, s.Name, argocd, s.Repo.URL(), production, more)}
}

func TestAnApplicationOfApplicationsPutsNothingIntoProduction(t *testing.T) {
	for name, begin := range map[string]func(*story){"with admission": func(*story) {}, "without": (*story).unadmitted} {
		t.Run(name, func(t *testing.T) {
			s := gated(t, "parent-"+strings.Fields(name)[0], files())
			begin(s)
			was, child := s.there(), s.Name+"-child"
			s.Push(s.child(""))
			s.Apply(s.Application(s.Name, "in-cluster", "apps", ""))
			s.waiting(child, "AwaitingApproval")
			s.untouched(was)
			s.part("with an operation in Git", func(s *story) {
				s.Push(s.child("operation: {sync: {prune: true}}"))
				s.Until(s.Hub, func(out string) bool { return strings.Contains(out, "Plan") }, "get", "applications", s.Name, child,
					"-n", argocd, "-o", "jsonpath={range .items[*]}{.status.operationState.phase} {.status.operationState.message} {end}")
				s.waiting(child, "AwaitingApproval")
				s.untouched(was)
			})
			s.patch(s.Name, `{"metadata":{"finalizers":null}}`)
			s.Kubectl(s.Hub, "delete", "application", s.Name, "-n", argocd)
			s.bury(child)
			s.untouched(was)
		})
	}
}
