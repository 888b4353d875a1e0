// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Metrics count what is done with Rollouts, by the peer's names (Argo Rollouts 1.9: controller/metrics).
type Metrics struct {
	passes *prometheus.HistogramVec
	errors *prometheus.CounterVec
	events *prometheus.CounterVec
}

// NewMetrics returns Metrics that are registered.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	named := []string{"namespace", "name"}
	m := &Metrics{
		passes: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rollout_reconcile", Help: "How long a pass over a Rollout takes, in seconds.",
			Buckets: []float64{0.01, 0.15, .25, .5, 1},
		}, named),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rollout_reconcile_error", Help: "Passes over a Rollout that failed.",
		}, named),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rollout_events_total", Help: "Events on a Rollout.",
		}, append(named, "type", "reason")),
	}
	for _, collector := range []prometheus.Collector{m.passes, m.errors, m.events} {
		if err := registerer.Register(collector); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// observe counts a pass.
func (m *Metrics) observe(rollout *v1alpha1.Rollout, took time.Duration, err error) {
	m.passes.WithLabelValues(rollout.Namespace, rollout.Name).Observe(took.Seconds())
	if err != nil {
		m.errors.WithLabelValues(rollout.Namespace, rollout.Name).Inc()
	}
}

// forget drops the series of a Rollout that is gone.
func (m *Metrics) forget(key types.NamespacedName) {
	of := prometheus.Labels{"namespace": key.Namespace, "name": key.Name}
	m.passes.DeletePartialMatch(of)
	m.errors.DeletePartialMatch(of)
	m.events.DeletePartialMatch(of)
}
