// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/steps"
)

// An AppProject that was narrowed after its Applications were admitted holds them before anything is applied.
func TestANarrowedProjectHoldsWhatWasAdmittedBefore(t *testing.T) {
	t.Parallel()
	s := begin(t, "narrow", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	project := func(rules string) {
		s.Apply("{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: narrow, namespace: argocd}, spec: {" + rules + "}}\n")
	}
	const (
		anySource = "sourceRepos: ['*'], "
		anyPlace  = "destinations: [{server: '*', namespace: '*'}], "
		anyKind   = "clusterResourceWhitelist: [{group: '*', kind: '*'}]"
	)
	project(anySource + anyPlace + anyKind)
	s.Apply(strings.Replace(s.Application("narrow", staging, "app", ""), "project: default", "project: narrow", 1))
	s.Settled("narrow")

	project("sourceRepos: ['https://git.example/*'], " + anyPlace + anyKind)
	s.Push(map[string]string{
		"app/config.yaml": steps.ConfigMap("config", "2"), "app/more.yaml": "{apiVersion: v1, kind: Namespace, metadata: {name: narrow-more}}\n",
	})
	s.Condition("narrow", "InvalidSpecError", "spec.sourceRepos of AppProject narrow")
	for list, rules := range map[string]string{
		"destinations":               anySource + "destinations: [{server: '*', namespace: other}], " + anyKind,
		"clusterResourceWhitelist":   anySource + anyPlace,
		"namespaceResourceBlacklist": anySource + anyPlace + anyKind + ", namespaceResourceBlacklist: [{group: '', kind: ConfigMap}]",
	} {
		project(rules)
		s.Condition("narrow", "InvalidSpecError", "spec."+list+" of AppProject narrow")
	}
	s.Value(staging, "configmap/config", ".data.value", "1")

	project(anySource + anyPlace + anyKind)
	s.Value(staging, "configmap/config", ".data.value", "2")
	s.Settled("narrow")
	s.Remove("narrow")
	s.Kubectl(s.Hub, "delete", "appproject", "narrow", "-n", argocd)
}

// What Argo CD admits is admitted, and what is wrong with it is said in a condition that names the field.
func TestWhatMakesNoSenseIsAdmittedAndSaid(t *testing.T) {
	t.Parallel()
	s := begin(t, "senseless", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	good := s.Application("senseless", staging, "app", "")
	for what, faulty := range map[string]struct{ replaced, by, says string }{
		"no project of the name":      {"project: default", "project: nowhere", "spec.project"},
		"two destinations":            {"{name: staging,", "{name: staging, server: 'https://one.example',", "spec.destination"},
		"no destination":              {"{name: staging,", "{", "spec.destination"},
		"a cluster that nobody knows": {"{name: staging,", "{name: nowhere,", "spec.destination"},
		"no repository":               {fmt.Sprintf("repoURL: %q", s.Repo.URL()), "repoURL: ''", "spec.source.repoURL"},
	} {
		if !strings.Contains(good, faulty.replaced) {
			t.Fatalf("%s: the manifest does not say %s", what, faulty.replaced)
		}
		s.Apply(strings.Replace(good, faulty.replaced, faulty.by, 1))
		s.Condition("senseless", "InvalidSpecError", faulty.says)
		s.Status("senseless", "Unknown/Unknown")
		s.Kubectl(s.Hub, "patch", "application", "senseless", "-n", argocd, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
		s.Remove("senseless")
	}
}
