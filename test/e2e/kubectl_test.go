// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/capstan-dev/capstan/test/harness/steps"
)

func TestKubectlEditChangesAField(t *testing.T) {
	t.Parallel()
	s := begin(t, "edited", map[string]string{
		"app/config.yaml": steps.ConfigMap("config", "1"), "other/config.yaml": steps.ConfigMap("config", "2"),
	})
	s.Apply(s.Application("edited", staging, "app", ""))
	s.Value(staging, "configmap/config", ".data.value", "1")
	if out := s.Kubectl(s.Hub.Editor(`sed -i "s/path: app/path: other/"`), "edit", "application", "edited", "-n", argocd); !strings.HasSuffix(out, "edited edited") {
		t.Errorf("kubectl edit prints %q", out)
	}
	s.Value(staging, "configmap/config", ".data.value", "2")
	s.Remove("edited")
}

func TestKubectlGetShowsChangesAsTheyCome(t *testing.T) {
	t.Parallel()
	s := begin(t, "watched", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(s.Application("watched", staging, "app", "{syncOptions: [CreateNamespace=true]}"))
	s.Status("watched", "OutOfSync/Missing")
	ctx, cancel := context.WithTimeout(s.Context(), steps.Patience)
	defer cancel()
	var rows []string
	s.OK(s.Hub.Watch(ctx, func(row string) bool {
		if rows = append(rows, row); len(rows) == 2 {
			s.Kubectl(s.Hub, "create", "--raw", syncPath+"watched/sync", "-f", writeTemp(t, "{}"))
		}
		return strings.Contains(row, "Synced") && strings.Contains(row, "Healthy")
	}, "get", "applications", "-n", argocd, "--field-selector", "metadata.name=watched", "-w"))
	if !strings.HasPrefix(rows[0], "NAME ") || !strings.Contains(rows[1], "OutOfSync") || len(rows) < 3 {
		t.Errorf("kubectl get -w prints\n%s", strings.Join(rows, "\n"))
	}
	s.Remove("watched")
}

func TestKubectlSelectsByFieldsAndReadsInPages(t *testing.T) {
	t.Parallel()
	s := begin(t, "selected", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(`{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: selected, namespace: argocd},
  spec: {sourceRepos: ["*"], destinations: [{server: "*", namespace: "*"}]}}
`)
	server := stage.Plane.Clusters[production].Server
	byHand := strings.NewReplacer("project: default", "project: selected", "{name: "+production+",", fmt.Sprintf("{server: %q,", server)).
		Replace(s.Application("selected-b", production, "app", "{}"))
	s.Apply(s.Application("selected-a", staging, "app", ""), byHand)
	s.Kubectl(s.Hub, "wait", "--for=jsonpath={.status.sync.status}=Synced", "application/selected-a", "-n", argocd, "--timeout=90s")
	s.Kubectl(s.Hub, "wait", "--for=jsonpath={.status.health.status}=Healthy", "application/selected-a", "-n", argocd, "--timeout=90s")
	s.Status("selected-b", "OutOfSync/Missing")

	// The stage may hold what an earlier story left behind.
	names := func(args ...string) string {
		out := s.Kubectl(s.Hub, append([]string{"get", "applications", "-n", argocd, "-o", "jsonpath={.items[*].metadata.name}"}, args...)...)
		var ours []string
		for name := range strings.FieldsSeq(out) {
			if strings.HasPrefix(name, "selected-") {
				ours = append(ours, name)
			}
		}
		return strings.Join(ours, " ")
	}
	got := map[string]string{}
	want := map[string]string{
		"spec.project=selected":                           "selected-b",
		"spec.project!=selected":                          "selected-a",
		"spec.destination.name=" + staging:                "selected-a",
		"spec.destination.server=" + server:               "selected-b",
		"status.sync.status=Synced":                       "selected-a",
		"status.sync.status=OutOfSync":                    "selected-b",
		"status.health.status=Healthy":                    "selected-a",
		"status.health.status=Missing":                    "selected-b",
		"spec.project=selected,status.sync.status=Synced": "",
	}
	for selector := range want {
		got[selector] = names("--field-selector", selector)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what kubectl selects (-want +got):\n%s", diff)
	}

	if all := names("--chunk-size=1"); all != "selected-a selected-b" {
		t.Errorf("in pages of one kubectl reads %q", all)
	}
	s.Eventually("Capstan's log shows that it asked for the second page", func() bool {
		return len(s.events(stage.Capstan.AuditLog(), func(event auditv1.Event) bool {
			return strings.Contains(event.RequestURI, "limit=1") && strings.Contains(event.RequestURI, "continue=")
		})) > 0
	})
	s.Remove("selected-a", "selected-b")
	s.Kubectl(s.Hub, "delete", "appproject", "selected", "-n", argocd)
}
