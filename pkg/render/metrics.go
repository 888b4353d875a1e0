// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// metrics are what a Cache tells Prometheus.
type metrics struct {
	duration *prometheus.HistogramVec
}

func newMetrics(c *Cache, registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "capstan_render_duration_seconds",
		Help:    "How long renders took, by the tool and by how they ended.",
		Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60},
	}, []string{"type", "result"})}
	hits := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "capstan_render_cache_hits_total",
		Help: "How many results needed no render, because the files were those of an earlier one.",
	}, func() float64 { return float64(c.hits.Load()) })
	if registerer == nil {
		return m, nil
	}
	for _, collector := range []prometheus.Collector{m.duration, hits} {
		if err := registerer.Register(collector); err != nil {
			return nil, fmt.Errorf("register the render metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) rendered(tool v1alpha1.ApplicationSourceType, err error, took time.Duration) {
	result := "rendered"
	if _, isLimit := errors.AsType[*LimitError](err); isLimit {
		result = "limit"
	} else if err != nil {
		result = "failed"
	}
	m.duration.WithLabelValues(string(tool), result).Observe(took.Seconds())
}
