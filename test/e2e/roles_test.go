// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

// Who has a role of the cluster's own in a namespace has the rights to Applications that go with it.
func TestTheClustersOwnRolesHoldTheRightsToApplications(t *testing.T) {
	t.Parallel()
	s := begin(t, "roles", nil)
	s.Kubectl(s.Hub, "create", "namespace", s.Name)
	roles := []string{"view", "edit", "admin"}
	for _, role := range roles {
		s.Kubectl(s.Hub, "create", "rolebinding", role, "-n", s.Name, "--clusterrole", role, "--user", "roles-"+role)
	}
	want := map[string]string{
		"get applications":              "yes yes yes",
		"get applications/diff":         "yes yes yes",
		"get syncruns":                  "yes yes yes",
		"patch applications":            "no yes yes",
		"create applications/sync":      "no yes yes",
		"create applications/terminate": "no yes yes",
		"patch applications/status":     "no no no",
		"patch appprojects":             "no no yes",
		"create syncruns":               "no no no",
	}
	can := func(what, role string) string {
		verb, resource, _ := strings.Cut(what, " ")
		resource, sub, _ := strings.Cut(resource, "/")
		// It prints no and fails where somebody may not.
		out, _ := s.Hub.As("roles-"+role).Run(s.Context(), "auth", "can-i", verb, resource, "--subresource", sub, "-n", s.Name)
		return out
	}
	s.Until(s.Hub.As("roles-admin"), plane.Prints("yes"), "auth", "can-i", "patch", "appprojects", "-n", s.Name)
	got := map[string]string{}
	for what := range want {
		got[what] = fmt.Sprintf("%s %s %s", can(what, roles[0]), can(what, roles[1]), can(what, roles[2]))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("view, edit and admin may (-want +got):\n%s", diff)
	}
	s.Kubectl(s.Hub, "delete", "namespace", s.Name, "--wait=false")
}
