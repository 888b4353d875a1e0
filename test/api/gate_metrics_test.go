// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

func metricStories() map[string]attack {
	return map[string]attack{"what was decided and what waits is scraped": decisionsAreScraped}
}

func decisionsAreScraped(t *testing.T, w *world) {
	g := w.gate(t, nil)
	g.stopped(t, "who holds no role", http.StatusForbidden, gate.ReasonNoRole, func() error {
		_, err := g.approve(t, lead, metav1.CreateOptions{})
		return err
	})
	g.approved(t, alice)
	must(t, g.sync(t))
	change := g.weaken(t)
	g.stopped(t, "who changed the policy", http.StatusForbidden, gate.ReasonExcluded, func() error {
		return g.agree(t, mallory, change, metav1.CreateOptions{})
	})
	must(t, g.agree(t, alice, change, metav1.CreateOptions{}))
	app := get(t, g.apps(t, admin))
	since := metav1.Unix(1000, 0)
	app.Status.Gate = &v1alpha1.ApplicationGate{
		State: v1alpha1.GateAwaitingApproval, LagSince: &since, DriftSince: &since,
		Emergencies: []v1alpha1.GateEmergency{{Approval: "glass", Username: alice, Until: metav1.Unix(1<<33, 0), ReviewBy: &since}},
	}
	apps := clientOf(t, g.Config).ArgoprojV1alpha1().Applications(g.namespace)
	_, err := apps.UpdateStatus(t.Context(), app, metav1.UpdateOptions{})
	must(t, err)
	own := fmt.Sprintf(`name="web",namespace=%q,project=%q`, g.namespace, g.namespace)
	wanted := []string{
		`capstan_gate_decisions_total{decision="Deny",reason="NoRole",request="applications/approve"} `,
		`capstan_gate_decisions_total{decision="Allow",reason="Eligible",request="applications/approve"} `,
		`capstan_gate_decisions_total{decision="Allow",reason="Granted",request="applications/sync"} `,
		`capstan_gate_decisions_total{decision="Deny",reason="Excluded",request="promotionpolicies/approve"} `,
		`capstan_gate_decisions_total{decision="Allow",reason="Eligible",request="promotionpolicies/approve"} `,
		`capstan_gate_decisions_total{decision="Hold",reason="ApprovalRequired",request="applications/sync"} `,
		`capstan_gate_pending_since_timestamp_seconds{` + own + `} 1000`,
		`capstan_app_lag_since_timestamp_seconds{` + own + `,reason="AwaitingApproval"} 1000`,
		`capstan_app_drift_since_timestamp_seconds{` + own + `} 1000`,
		`capstan_gate_breakglass_active{` + own + `} 1`,
		`capstan_gate_breakglass_unreviewed{` + own[:strings.Index(own, "project")] + `overdue="true",` +
			own[strings.Index(own, "project"):] + `} 1`,
	}
	eventually(t, func() bool {
		body, err := clientOf(t, g.Config).Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
		must(t, err)
		for _, series := range wanted {
			if !strings.Contains(string(body), "\n"+series) {
				t.Logf("not there yet: %s", series)
				return false
			}
		}
		return true
	})
}

// decisions returns what is counted of decisions.
func (w *world) decisions(t *testing.T) []string {
	t.Helper()
	body, err := clientOf(t, w.Config).Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	must(t, err)
	var counted []string
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "capstan_gate_decisions_total{") {
			counted = append(counted, line)
		}
	}
	return counted
}

func TestWhatIsDecidedInADryRunIsCountedNowhere(t *testing.T) {
	t.Parallel()
	w := &world{apiserver.Start(t, apiserver.Options{Assembly: destined(), Configure: withoutControllers(t)})}
	w.Rules.Allow(gateRules()...)
	g := w.gate(t, nil)
	before := w.decisions(t)
	g.stopped(t, "who holds no role", http.StatusForbidden, gate.ReasonNoRole, func() error {
		_, err := g.approve(t, lead, dry())
		return err
	})
	_, err := g.approve(t, alice, dry())
	must(t, err)
	namespace, rollout := w.rollout(t, canarySpec, atWeight)
	w.await(t, rollout)
	err = w.as(t, deployer).ArgoprojV1alpha1().AnalysisRuns(namespace).
		Delete(t.Context(), "smoke", metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}})
	refused(t, err, http.StatusForbidden, "override")
	if diff := cmp.Diff(before, w.decisions(t)); diff != "" {
		t.Errorf("decisions (-before +after):\n%s", diff)
	}
	if _, err = g.approve(t, alice, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(before, w.decisions(t)) {
		t.Error("a decision that is no dry run's is not counted either")
	}
}
