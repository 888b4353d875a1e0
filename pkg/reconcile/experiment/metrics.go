// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
)

// Metrics count the passes of a Reconciler, by the peer's names (Argo Rollouts 1.9: controller/metrics).
type Metrics struct {
	took   *prometheus.HistogramVec
	failed *prometheus.CounterVec
}

// NewMetrics registers the metrics of a Reconciler.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	named := []string{"namespace", "name"}
	m := &Metrics{
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "experiment_reconcile", Help: "Seconds that one pass over an Experiment took.",
			Buckets: []float64{0.01, 0.15, 0.25, 0.5, 1},
		}, named),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "experiment_reconcile_error", Help: "Passes over an Experiment that failed and are tried again.",
		}, named),
	}
	return m, errors.Join(registry.Register(m.took), registry.Register(m.failed))
}

func (m *Metrics) observe(key types.NamespacedName, took time.Duration, err error) {
	m.took.WithLabelValues(key.Namespace, key.Name).Observe(took.Seconds())
	if err != nil {
		m.failed.WithLabelValues(key.Namespace, key.Name).Inc()
	}
}

// forget drops the series of an Experiment that is gone.
func (m *Metrics) forget(key types.NamespacedName) {
	m.took.DeleteLabelValues(key.Namespace, key.Name)
	m.failed.DeleteLabelValues(key.Namespace, key.Name)
}
