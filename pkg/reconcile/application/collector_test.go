// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/application"
)

func TestCollectorShowsAnApplication(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		label string
		want  map[string]float64
	}{
		"with the SLA of its label": {label: "2h", want: map[string]float64{
			"argocd_app_sync_status/OutOfSync": 1, "argocd_app_sync_status/Synced": 0, "argocd_app_sync_status/Unknown": 0,
			"capstan_app_sync_sla_seconds/": 7200,
		}},
		"with no SLA where the label is no duration": {label: "soon", want: map[string]float64{
			"argocd_app_sync_status/OutOfSync": 1, "argocd_app_sync_status/Synced": 0, "argocd_app_sync_status/Unknown": 0,
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{
				Namespace: "argocd", Name: "shop", Labels: map[string]string{"capstan.dev/sync-sla": tc.label},
			}}
			app.Status.Sync.Status = v1alpha1.SyncStatusCodeOutOfSync
			if diff := cmp.Diff(tc.want, gather(t, app)); diff != "" {
				t.Errorf("metrics differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCollectorShowsHowAGatedApplicationStands(t *testing.T) {
	t.Parallel()
	lagging, drifting := metav1.Unix(1000, 0), metav1.Unix(2000, 0)
	type standing struct {
		gate *v1alpha1.ApplicationGate
		want map[string]float64
	}
	cases := map[string]standing{
		"nothing where nothing gates it": {want: map[string]float64{}},
		"nothing of one that is as it should be": {
			gate: &v1alpha1.ApplicationGate{State: v1alpha1.GateOpen}, want: map[string]float64{},
		},
		"since when one lags that awaits approval": {
			gate: &v1alpha1.ApplicationGate{State: v1alpha1.GateAwaitingApproval, LagSince: &lagging},
			want: map[string]float64{
				"capstan_app_lag_since_timestamp_seconds/AwaitingApproval": 1000,
				"capstan_gate_pending_since_timestamp_seconds/":            1000,
			},
		},
		"since when one lags that is held, which awaits nobody": {
			gate: &v1alpha1.ApplicationGate{State: v1alpha1.GateHeld, LagSince: &lagging},
			want: map[string]float64{"capstan_app_lag_since_timestamp_seconds/Held": 1000},
		},
		"since when one drifts, beside the lag": {
			gate: &v1alpha1.ApplicationGate{State: v1alpha1.GateRejected, LagSince: &lagging, DriftSince: &drifting},
			want: map[string]float64{
				"capstan_app_lag_since_timestamp_seconds/Rejected": 1000,
				"capstan_app_drift_since_timestamp_seconds/":       2000,
			},
		},
	}
	soon, past := metav1.Unix(3001, 0), metav1.Unix(3000, 0)
	cases["a grant that may be used, until it ends"] = standing{
		gate: &v1alpha1.ApplicationGate{State: v1alpha1.GateOpen, Emergencies: []v1alpha1.GateEmergency{{Until: soon}, {Until: past}}},
		want: map[string]float64{"capstan_gate_breakglass_active/": 1},
	}
	cases["reviews that are missing, and those that are overdue"] = standing{
		gate: &v1alpha1.ApplicationGate{State: v1alpha1.GateOpen, Emergencies: []v1alpha1.GateEmergency{
			{Until: past, ReviewBy: &soon}, {Until: past, ReviewBy: &past}, {Until: soon, ReviewBy: &past},
		}},
		want: map[string]float64{
			"capstan_gate_breakglass_active/":          1,
			"capstan_gate_breakglass_unreviewed/false": 1, "capstan_gate_breakglass_unreviewed/true": 2,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "shop"}}
			app.Status.Gate = tc.gate
			got := gather(t, app)
			maps.DeleteFunc(got, func(name string, _ float64) bool { return strings.HasPrefix(name, "argocd_") })
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("metrics differ (-want +got):\n%s", diff)
			}
		})
	}
}

// gather returns the values of the sync metrics of an Application and of our own, by name and sync status or reason.
func gather(t *testing.T, app *v1alpha1.Application) map[string]float64 {
	t.Helper()
	apps := cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil)
	if err := apps.Add(app); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(application.NewCollector(apps, clocktesting.NewFakePassiveClock(time.Unix(3000, 0)))); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "argocd_app_sync_status" && !strings.HasPrefix(family.GetName(), "capstan_") {
			continue
		}
		for _, metric := range family.GetMetric() {
			state := ""
			for _, label := range metric.GetLabel() {
				if label.GetName() == "sync_status" || label.GetName() == "reason" || label.GetName() == "overdue" {
					state = label.GetValue()
				}
			}
			values[family.GetName()+"/"+state] = metric.GetGauge().GetValue()
		}
	}
	return values
}
