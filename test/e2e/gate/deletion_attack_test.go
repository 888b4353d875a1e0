// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// ways are all in which an Application of a name can be made to go.
func ways() map[string]func(s *story, app string) {
	cascade := func(policy string) func(*story, string) {
		return func(s *story, app string) {
			s.Kubectl(s.Hub, "delete", "application", app, "-n", argocd, "--wait=false", "--cascade="+policy)
		}
	}
	return map[string]func(*story, string){
		"background": cascade("background"),
		"foreground": cascade("foreground"),
		"orphan":     cascade("orphan"),
		"collection": func(s *story, app string) {
			s.Kubectl(s.Hub, "label", "application", app, "-n", argocd, "doomed=yes")
			s.Kubectl(s.Hub, "delete", "--raw", applications+"?labelSelector=doomed")
		},
		"owner": func(s *story, app string) {
			s.Kubectl(s.Hub, "create", "configmap", "owner", "-n", argocd)
			uid := s.Kubectl(s.Hub, "get", "configmap", "owner", "-n", argocd, "-o", "jsonpath={.metadata.uid}")
			s.patch(app, fmt.Sprintf(`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":%q}]}}`, uid))
			s.Kubectl(s.Hub, "delete", "configmap", "owner", "-n", argocd)
		},
		"hijacker": func(s *story, app string) {
			s.Apply(fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: hijacker, namespace: %s},
  spec: {generators: [{list: {elements: []}}], template: {metadata: {name: none}, spec: {project: default, destination: {name: staging}}}}}
`, argocd))
			uid := s.Kubectl(s.Hub, "get", "applicationset", "hijacker", "-n", argocd, "-o", "jsonpath={.metadata.uid}")
			s.patch(app, fmt.Sprintf(`{"metadata":{"ownerReferences":[{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationSet",
				"name":"hijacker","uid":%q,"controller":true}]}}`, uid))
			s.Kubectl(s.Hub, "delete", "applicationset", "hijacker", "-n", argocd, "--wait=false")
		},
	}
}

func TestNothingGoesWithAnApplicationThatIsDeleted(t *testing.T) {
	content := map[string]string{}
	for way := range ways() {
		content[way+"/config.yaml"] = steps.ConfigMap(way, "1")
	}
	s := gated(t, "doomed", content)
	var apps []string
	for way := range ways() {
		apps = append(apps, "doomed-"+way)
		s.deployed("doomed-"+way, way, "")
	}
	was := s.there()
	for way, remove := range ways() {
		s.part(way, func(s *story) {
			remove(s, "doomed-"+way)
			s.Condition("doomed-"+way, "DeletionError", "the gate holds it")
			s.untouched(was)
		})
	}
	s.bury(apps...)
}

func TestNothingGoesWithTheNamespaceOfApplications(t *testing.T) {
	s := gated(t, "tenancy", files())
	s.Apply(`{apiVersion: v1, kind: Namespace, metadata: {name: tenant}}
---
{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: tenant, namespace: argocd}, spec: {sourceNamespaces: [tenant],
  sourceRepos: ['*'], destinations: [{name: production, namespace: tenancy}], clusterResourceWhitelist: [{group: '', kind: Namespace}]}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: approvers, namespace: tenant},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: capstan-approver},
  subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ann}]}
`, fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: Application,
  metadata: {name: let, namespace: tenant, finalizers: [resources-finalizer.argocd.argoproj.io]},
  spec: {project: tenant, source: {repoURL: %q, path: app, targetRevision: HEAD}, destination: {name: production, namespace: tenancy},
    syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true]}}}
`, s.Repo.URL()))
	let := []string{"get", "application", "let", "-n", "tenant", "--ignore-not-found", "-o"}
	s.Until(s.Hub, plane.Prints("AwaitingApproval"), append(let, "jsonpath={.status.gate.state}")...)
	digest := s.Kubectl(s.Hub, "get", "plans", "-n", "tenant", "-o", "jsonpath={.items[0].digest}")
	_, err := s.Hub.As("ann").Input(s.Context(), fmt.Sprintf(`{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationApproval","planDigest":%q}`, digest),
		"create", "--raw", "/apis/argoproj.io/v1alpha1/namespaces/tenant/applications/let/approve", "-f", "-")
	s.OK(err)
	s.Until(s.Hub, plane.Prints("Synced/Open"), append(let, "jsonpath={.status.sync.status}/{.status.gate.state}")...)
	was := s.there()

	s.Kubectl(s.Hub, "delete", "namespace", "tenant", "--wait=false")
	const finalizer = "resources-finalizer.argocd.argoproj.io"
	tells := func(texts ...string) func(string) bool {
		return func(out string) bool {
			return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(out, text) })
		}
	}
	s.Until(s.Hub, tells("namespace tenant is being deleted", "stays there", "remove the finalizer "+finalizer),
		append(let, "jsonpath={.status.conditions[?(@.type=='DeletionError')].message}")...)
	s.Until(s.Hub, tells(finalizer), "get", "namespace", "tenant", "-o",
		"jsonpath={.status.conditions[?(@.type=='NamespaceFinalizersRemaining')].message}")
	s.Until(s.Hub, plane.Prints("Terminating"), "get", "namespace", "tenant", "-o", "jsonpath={.status.phase}")
	s.untouched(was)
	s.Kubectl(s.Hub, "patch", "application", "let", "-n", "tenant", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	s.Until(s.Hub, plane.Prints(""), "get", "namespace", "tenant", "--ignore-not-found", "-o", "name")
	s.untouched(was)
}
