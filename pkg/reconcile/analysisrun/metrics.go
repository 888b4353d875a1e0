// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
)

// Metrics counts the passes of a Reconciler, in the shapes of Argo Rollouts 1.9 (controller/metrics).
type Metrics struct {
	took   *prometheus.HistogramVec
	failed *prometheus.CounterVec
}

// NewMetrics registers the metrics of a Reconciler.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "analysis_run_reconcile",
			Help:    "Seconds that one pass over an AnalysisRun took.",
			Buckets: []float64{0.01, 0.15, 0.25, 0.5, 1},
		}, []string{"namespace", "name"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "analysis_run_reconcile_error",
			Help: "Passes over an AnalysisRun that failed and are tried again.",
		}, []string{"namespace", "name"}),
	}
	return m, errors.Join(registry.Register(m.took), registry.Register(m.failed))
}

func (m *Metrics) observe(key types.NamespacedName, took time.Duration, err error) {
	m.took.WithLabelValues(key.Namespace, key.Name).Observe(took.Seconds())
	if err != nil {
		m.failed.WithLabelValues(key.Namespace, key.Name).Inc()
	}
}

// forget drops the series of a run that is gone: runs come and go with every rollout.
func (m *Metrics) forget(key types.NamespacedName) {
	m.took.DeleteLabelValues(key.Namespace, key.Name)
	m.failed.DeleteLabelValues(key.Namespace, key.Name)
}
