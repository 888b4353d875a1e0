// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

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

// gather returns the values of the sync metrics of an Application, by name and sync status.
func gather(t *testing.T, app *v1alpha1.Application) map[string]float64 {
	t.Helper()
	apps := cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil)
	if err := apps.Add(app); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(application.NewCollector(apps)); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "argocd_app_sync_status" && family.GetName() != "capstan_app_sync_sla_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			state := ""
			for _, label := range metric.GetLabel() {
				if label.GetName() == "sync_status" {
					state = label.GetValue()
				}
			}
			values[family.GetName()+"/"+state] = metric.GetGauge().GetValue()
		}
	}
	return values
}
