// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/capstan-dev/capstan/pkg/gate"
)

// Metrics count what the gate decided.
type Metrics struct{ decisions *prometheus.CounterVec }

// NewMetrics registers the metrics.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "capstan_gate_decisions_total", Help: "What the gate decided, by what was asked.",
	}, []string{"request", "decision", "reason"})}
	return m, registerer.Register(m.decisions)
}

func (m *Metrics) decided(request string, verdict gate.Verdict) {
	m.decisions.WithLabelValues(request, string(verdict.Decision), string(verdict.Reason)).Inc()
}
