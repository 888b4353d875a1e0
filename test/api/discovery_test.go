// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apidiscovery "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func discoveryStories() map[string]story {
	return map[string]story{
		"kinds have the names that people know":             kindsHaveTheirNames,
		"subresources tell their kinds and verbs":           subresourcesTellKindsAndVerbs,
		"one request discovers every resource of the group": oneRequestDiscovers,
	}
}

func resourcesOf(t *testing.T, w *world, version string) map[string]metav1.APIResource {
	t.Helper()
	list, err := w.as(t, admin).Discovery().ServerResourcesForGroupVersion(version)
	must(t, err)
	byName := map[string]metav1.APIResource{}
	for _, resource := range list.APIResources {
		byName[resource.Name] = resource
	}
	return byName
}

func kindsHaveTheirNames(t *testing.T, w *world) {
	type names struct {
		Kind, Singular string
		Short          []string
		Namespaced     bool
	}
	want := map[string]map[string]names{
		"argoproj.io/v1alpha1": {
			"applications":             {"Application", "application", []string{"app", "apps"}, true},
			"applicationsets":          {"ApplicationSet", "applicationset", []string{"appset", "appsets"}, true},
			"appprojects":              {"AppProject", "appproject", []string{"appproj", "appprojs"}, true},
			"rollouts":                 {"Rollout", "rollout", []string{"ro"}, true},
			"analysisruns":             {"AnalysisRun", "analysisrun", []string{"ar"}, true},
			"analysistemplates":        {"AnalysisTemplate", "analysistemplate", []string{"at"}, true},
			"clusteranalysistemplates": {"ClusterAnalysisTemplate", "clusteranalysistemplate", []string{"cat"}, false},
			"experiments":              {"Experiment", "experiment", []string{"exp"}, true},
		},
		"capstan.dev/v1alpha1": {
			"approvals":         {"Approval", "approval", nil, true},
			"clusters":          {"Cluster", "cluster", nil, false},
			"healthreviews":     {"HealthReview", "healthreview", nil, false},
			"plans":             {"Plan", "plan", nil, true},
			"promotionpolicies": {"PromotionPolicy", "promotionpolicy", []string{"policy", "policies"}, false},
			"syncruns":          {"SyncRun", "syncrun", []string{"run", "runs"}, true},
		},
	}
	for version, kinds := range want {
		served := resourcesOf(t, w, version)
		got := map[string]names{}
		for name, resource := range served {
			if strings.Contains(name, "/") {
				continue
			}
			got[name] = names{resource.Kind, resource.SingularName, resource.ShortNames, resource.Namespaced}
			if !slices.Contains(resource.Categories, "argo") {
				t.Errorf("%s is not in the category argo", name)
			}
		}
		if diff := cmp.Diff(kinds, got); diff != "" {
			t.Errorf("the kinds of %s (-want +got):\n%s", version, diff)
		}
	}
}

func subresourcesTellKindsAndVerbs(t *testing.T, w *world) {
	surface := []string{"get", "patch", "update"}
	want := map[string]struct {
		Kind  string
		Verbs []string
	}{
		"applications/sync":       {"ApplicationSync", []string{"create"}},
		"applications/rollback":   {"ApplicationRollback", []string{"create"}},
		"applications/refresh":    {"ApplicationRefresh", []string{"create"}},
		"applications/terminate":  {"ApplicationTerminate", []string{"create"}},
		"applications/plan":       {"ApplicationPlan", []string{"create"}},
		"applications/approve":    {"ApplicationApproval", []string{"create"}},
		"applications/reject":     {"ApplicationApproval", []string{"create"}},
		"applications/breakglass": {"ApplicationApproval", []string{"create"}},
		"applications/manifests":  {"ApplicationManifests", []string{"get"}},
		"applications/diff":       {"ApplicationDiff", []string{"get"}},
		"applications/resources":  {"ApplicationResources", []string{"get"}},
		"applications/tree":       {"ApplicationTree", []string{"get"}},
		"applications/events":     {"ApplicationEvents", []string{"get"}},
		"applications/log":        {"Application", []string{"get"}},
		"applications/actions":    {"ApplicationActions", []string{"get"}},
		"applications/action":     {"ApplicationAction", []string{"create"}},
		"applications/status":     {"Application", surface},
		"applicationsets/status":  {"ApplicationSet", surface},
		"rollouts/promote":        {"RolloutPromote", []string{"create"}},
		"rollouts/abort":          {"RolloutAbort", []string{"create"}},
		"rollouts/retry":          {"RolloutRetry", []string{"create"}},
		"rollouts/undo":           {"RolloutUndo", []string{"create"}},
		"rollouts/pause":          {"RolloutManualPause", []string{"create"}},
		"rollouts/restart":        {"RolloutRestart", []string{"create"}},
		"rollouts/status":         {"Rollout", surface},
		"rollouts/scale":          {"Scale", surface},
		"analysisruns/status":     {"AnalysisRun", surface},
		"experiments/status":      {"Experiment", surface},
	}
	served := resourcesOf(t, w, "argoproj.io/v1alpha1")
	for name, resource := range served {
		if _, known := want[name]; !known && strings.Contains(name, "/") {
			t.Errorf("%s is served and not expected", name)
		}
		verbs := slices.Sorted(slices.Values(resource.Verbs))
		if expected, known := want[name]; known {
			if resource.Kind != expected.Kind || !slices.Equal(verbs, expected.Verbs) {
				t.Errorf("%s is %s with %v", name, resource.Kind, verbs)
			}
			delete(want, name)
		}
	}
	for name := range want {
		t.Errorf("%s is not served", name)
	}
	if scale := served["rollouts/scale"]; scale.Group != "autoscaling" || scale.Version != "v1" {
		t.Errorf("scale is of %s/%s", scale.Group, scale.Version)
	}
}

func oneRequestDiscovers(t *testing.T, w *world) {
	body, err := w.raw(t, admin).Get().AbsPath("/apis").
		SetHeader("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList").DoRaw(t.Context())
	must(t, err)
	var list apidiscovery.APIGroupDiscoveryList
	must(t, json.Unmarshal(body, &list))
	found := map[string]int{}
	for _, group := range list.Items {
		for _, version := range group.Versions {
			found[group.Name] += len(version.Resources)
		}
	}
	if found["argoproj.io"] != 8 || found["capstan.dev"] != 6 {
		t.Errorf("aggregated discovery lists %v", found)
	}
}
