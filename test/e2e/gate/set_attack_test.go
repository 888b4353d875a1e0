// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/steps"
)

// set is an ApplicationSet of one Application that goes to a cluster, with what else its spec says.
func (s *story) set(cluster, more string) string {
	return fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: %s, namespace: %s},
  spec: {goTemplate: true, generators: [{list: {elements: [{cluster: %s}]}}], %s template: {metadata: {name: %[1]s,
    finalizers: [resources-finalizer.argocd.argoproj.io]}, spec: {project: default,
    source: {repoURL: %[5]q, path: app, targetRevision: HEAD}, destination: {name: '{{.cluster}}', namespace: %[1]s},
    syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true]}}}}}
`, s.Name, argocd, cluster, more, s.Repo.URL())
}

func TestASetPutsNothingIntoProduction(t *testing.T) {
	for name, begin := range map[string]func(*story){"with admission": func(*story) {}, "without": (*story).unadmitted} {
		t.Run(name, func(t *testing.T) {
			s := gated(t, "generated-"+strings.Fields(name)[0], files())
			begin(s)
			was := s.there()
			s.part("a template that carries an operation", func(s *story) {
				s.Apply(s.set(production, "templatePatch: 'operation: {sync: {prune: true}}',"))
				says := func(out string) bool { return strings.Contains(out, "a template cannot start a sync") }
				s.Until(s.Hub, says, "get", "applicationset", s.Name, "-n", argocd, "-o", "jsonpath={.status.conditions}")
				s.untouched(was)
			})
			s.part("an Application that is sent on to production", func(s *story) {
				s.Apply(s.set(staging, ""))
				s.Value(staging, "configmap/config", ".data.value", "1")
				s.Settled(s.Name)
				s.Apply(s.set(production, ""))
				s.waiting(s.Name, "AwaitingApproval")
				s.untouched(was)
			})
			s.Kubectl(s.Hub, "delete", "applicationset", s.Name, "-n", argocd, "--wait=false")
			s.bury(s.Name)
			s.untouched(was)
		})
	}
}

// A set takes its Applications along when it is deleted, and none of their objects.
func TestNothingGoesWithASetThatIsDeleted(t *testing.T) {
	for name, begin := range map[string]func(*story){"with admission": func(*story) {}, "without": (*story).unadmitted} {
		t.Run(name, func(t *testing.T) {
			content := map[string]string{"one/config.yaml": steps.ConfigMap("one", "1"), "two/config.yaml": steps.ConfigMap("two", "1")}
			s := gated(t, "set-"+strings.Fields(name)[0], content)
			begin(s)
			s.Apply(fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: %[1]s, namespace: %[2]s},
  spec: {goTemplate: true, generators: [{list: {elements: [{part: one}, {part: two}]}}], template: {
    metadata: {name: '%[1]s-{{.part}}', finalizers: [resources-finalizer.argocd.argoproj.io]}, spec: {project: default,
    source: {repoURL: %[3]q, path: '{{.part}}', targetRevision: HEAD}, destination: {name: %[4]s, namespace: %[1]s},
    syncPolicy: {automated: {prune: true}, syncOptions: [CreateNamespace=true]}}}}}
`, s.Name, argocd, s.Repo.URL(), production))
			var apps []string
			for _, part := range []string{"one", "two"} {
				app := s.Name + "-" + part
				apps = append(apps, app)
				_, digest := s.waiting(app, "AwaitingApproval")
				s.OK(s.decide("ann", app, "approve", digest))
				s.Value(production, "configmap/"+part, ".data.value", "1")
				s.Settled(app)
			}
			was := s.there()
			s.Kubectl(s.Hub, "delete", "applicationset", s.Name, "-n", argocd, "--wait=false", "--cascade=foreground")
			for _, app := range apps {
				s.Condition(app, "DeletionError", "the gate holds it")
			}
			s.untouched(was)
			s.bury(apps...)
			s.Gone(production, "configmap/one")
			s.Gone(production, "configmap/two")
		})
	}
}
