// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package artifacts

import (
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/discovery"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstanv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

// everything is the one role that may hold a wildcard: what Applications deploy is not known beforehand.
const everything = "capstan-in-cluster-destination"

func TestRolesOfTheDeployment(t *testing.T) {
	t.Parallel()
	served := servedPaths(t)
	for _, overlay := range overlays() {
		t.Run(overlay, func(t *testing.T) {
			t.Parallel()
			wildcards := 0
			for _, role := range roles(t, overlay) {
				if role.name == everything {
					wildcards++
					continue
				}
				for _, rule := range role.rules {
					checkNarrow(t, role.name, rule)
					checkRecords(t, role.name, rule)
					checkServed(t, role.name, rule, served)
				}
			}
			if wildcards != 1 {
				t.Errorf("%d roles are named %s, want 1", wildcards, everything)
			}
		})
	}
}

func TestEveryServedPathIsGrantedToSomebody(t *testing.T) {
	t.Parallel()
	granted := sets.New[string]()
	for _, role := range roles(t, "base") {
		for _, rule := range role.rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					granted.Insert(group + "/" + resource)
				}
			}
		}
	}
	for path := range servedPaths(t) {
		if !granted.Has(path) {
			t.Errorf("no role names %s", path)
		}
	}
}

// checkNarrow finds wildcards.
func checkNarrow(t *testing.T, name string, rule rbacv1.PolicyRule) {
	t.Helper()
	for _, values := range [][]string{rule.APIGroups, rule.Resources, rule.Verbs, rule.NonResourceURLs} {
		if slices.Contains(values, "*") {
			t.Errorf("%s grants '*': only %s may", name, everything)
		}
	}
}

// checkRecords finds rights to write the record of what happened. An Approval may be deleted, which revokes it.
func checkRecords(t *testing.T, name string, rule rbacv1.PolicyRule) {
	t.Helper()
	for _, record := range []string{"syncruns", "plans", "plans/status", "plans/manifests", "approvals", "approvals/status"} {
		if !slices.Contains(rule.Resources, record) {
			continue
		}
		for _, verb := range rule.Verbs {
			reads := verb == "get" || verb == "list" || verb == "watch"
			if !reads && (record != "approvals" || verb != "delete") {
				t.Errorf("%s grants %s on %s, which are only read", name, verb, record)
			}
		}
	}
}

func TestNoRoleBothEditsAndApproves(t *testing.T) {
	t.Parallel()
	edits := []string{"create", "update", "patch", "delete", "deletecollection"}
	approvers := 0
	for _, role := range roles(t, "base") {
		changes, approves := false, false
		for _, rule := range role.rules {
			if slices.Contains(rule.Resources, "applications") && slices.ContainsFunc(rule.Verbs, func(verb string) bool {
				return slices.Contains(edits, verb)
			}) {
				changes = true
			}
			if slices.Contains(rule.Resources, "applications/approve") || slices.Contains(rule.Resources, approvalRoles) {
				approves = true
			}
		}
		if approves {
			approvers++
		}
		if changes && approves && role.name != everything {
			t.Errorf("%s may change Applications and approve Plans of them", role.name)
		}
	}
	if approvers == 0 {
		t.Error("no role approves")
	}
}

const (
	// approvalRoles is a resource of which only names are granted.
	approvalRoles = "approvalroles"
	// finalizers is what a cluster asks for before it lets an object be owned by one that must not go before it.
	finalizers = "/finalizers"
)

// checkServed finds rights to what is not served, as a typing error would leave them.
func checkServed(t *testing.T, name string, rule rbacv1.PolicyRule, served sets.Set[string]) {
	t.Helper()
	for _, group := range rule.APIGroups {
		if group != argov1alpha1.SchemeGroupVersion.Group && group != capstanv1alpha1.SchemeGroupVersion.Group {
			continue
		}
		for _, resource := range rule.Resources {
			if resource != approvalRoles && !served.Has(group+"/"+strings.TrimSuffix(resource, finalizers)) {
				t.Errorf("%s names %s of %s, which is not served", name, resource, group)
			}
		}
	}
}

// servedPaths returns every path that the server serves, as group/path.
func servedPaths(t *testing.T) sets.Set[string] {
	t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(apiserver.Start(t, apiserver.Options{}).Config)
	if err != nil {
		t.Fatal(err)
	}
	served := sets.New[string]()
	for _, gv := range []schema.GroupVersion{argov1alpha1.SchemeGroupVersion, capstanv1alpha1.SchemeGroupVersion} {
		list, err := client.ServerResourcesForGroupVersion(gv.String())
		if err != nil {
			t.Fatalf("discover %s: %v", gv, err)
		}
		for _, resource := range list.APIResources {
			served.Insert(gv.Group + "/" + resource.Name)
		}
	}
	return served
}
