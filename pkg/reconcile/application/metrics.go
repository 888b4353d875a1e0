// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts the work of a Reconciler.
type Metrics struct {
	reconcile *prometheus.HistogramVec
	syncs     *prometheus.CounterVec
	writes    prometheus.Counter
}

// NewMetrics registers the metrics of a Reconciler, in the shapes of Argo CD 3.6 where it
// has them (controller/metrics/metrics.go).
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		reconcile: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "argocd_app_reconcile",
			Help:    "Seconds that one look at an Application took.",
			Buckets: []float64{0.001, 0.01, 0.05, 0.25, 0.5, 1, 2, 4, 8, 16},
		}, []string{"namespace", "dest_server"}),
		syncs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "argocd_app_sync_total",
			Help: "Syncs that ended, by their phase.",
		}, []string{"namespace", "name", "project", "dest_server", "phase", "dry_run"}),
		writes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "capstan_writes_total",
			Help: "Writes to Capstan's own store by the reconciler of Applications.",
		}),
	}
	for _, collector := range []prometheus.Collector{m.reconcile, m.syncs, m.writes} {
		if err := registry.Register(collector); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Register adds what a Reconciler knows at the moment of the scrape.
func (r *Reconciler) Register(registry prometheus.Registerer) error {
	return errors.Join(
		registry.Register(newOrphanCollector(&r.states)),
		registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "capstan_apps_looked_at",
			Help: "How many Applications were compared with Git and their destination since this replica began to reconcile.",
		}, func() float64 { return float64(r.states.count()) })),
		registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "capstan_apps_waiting",
			Help: "How many Applications wait for others of the same destination and repository.",
		}, func() float64 { return float64(r.queue.Waiting()) })),
	)
}

func (m *Metrics) observe(namespace, server string, took time.Duration) {
	m.reconcile.WithLabelValues(namespace, server).Observe(took.Seconds())
}
