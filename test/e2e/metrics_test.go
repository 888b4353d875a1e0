// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// The names and labels by which the peer's dashboards ask.
func TestMetricsHaveTheShapesThatDashboardsAskFor(t *testing.T) {
	t.Parallel()
	s := begin(t, "measured", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(metricsReader, s.Application("measured", staging, "app", ""))
	s.Settled("measured")
	token := s.Kubectl(s.Hub, "create", "token", "metrics", "-n", argocd)
	server := stage.Plane.Clusters[staging].Server
	for _, line := range []string{
		fmt.Sprintf(`argocd_app_info{autosync_enabled="true",dest_namespace="measured",dest_server=%q,health_status="Healthy",`+
			`name="measured",namespace="argocd",operation="",project="default",repo=%q,sync_status="Synced"} 1`,
			staging, source.Normalize(s.Repo.URL())),
		`argocd_app_sync_status{name="measured",namespace="argocd",project="default",sync_status="Synced"} 1`,
		`argocd_app_sync_status{name="measured",namespace="argocd",project="default",sync_status="OutOfSync"} 0`,
		fmt.Sprintf(`argocd_app_reconcile_sum{dest_server=%q,namespace="argocd"} `, server),
		fmt.Sprintf(`argocd_app_sync_total{dest_server=%q,dry_run="false",name="measured",namespace="argocd",`+
			`phase="Succeeded",project="default"} 1`, server),
		fmt.Sprintf(`argocd_git_request_total{repo=%q,request_type="ls-remote"} `, s.Repo.URL()),
		fmt.Sprintf(`argocd_git_request_total{repo=%q,request_type="fetch"} `, s.Repo.URL()),
		`workqueue_depth{name="app_reconciliation_queue"} `,
		`workqueue_depth{name="app_set_reconciliation_queue"} `,
	} {
		s.Eventually("the metrics show "+line, func() bool {
			shown, err := ask(s.Context(), token, http.MethodGet, "/metrics", "")
			s.OK(err)
			return strings.Contains(shown.body, "\n"+line)
		})
	}
	s.Remove("measured")
}
