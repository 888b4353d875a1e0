// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	lsRemote = "ls-remote"
	fetch    = "fetch"
)

// metrics counts requests to Git servers, in the shapes of Argo CD's repo-server.
type metrics struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	failures  map[string]*prometheus.CounterVec
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	labels := []string{"repo", "request_type"}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "argocd_git_request_total", Help: "Requests to Git servers.",
		}, labels),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "argocd_git_request_duration_seconds", Help: "Duration of requests to Git servers in seconds.",
			Buckets: []float64{0.1, 0.25, .5, 1, 2, 4, 10, 20},
		}, labels),
		failures: map[string]*prometheus.CounterVec{
			fetch: prometheus.NewCounterVec(prometheus.CounterOpts{
				Name: "argocd_git_fetch_fail_total", Help: "Fetches from Git servers that failed.",
			}, labels[:1]),
			lsRemote: prometheus.NewCounterVec(prometheus.CounterOpts{
				Name: "argocd_git_lsremote_fail_total", Help: "Queries for references of Git servers that failed.",
			}, labels[:1]),
		},
	}
	if registerer == nil {
		return m, nil
	}
	return m, errors.Join(registerer.Register(m.requests), registerer.Register(m.durations),
		registerer.Register(m.failures[fetch]), registerer.Register(m.failures[lsRemote]))
}

func (m *metrics) observe(repository, request string, took time.Duration, err error) {
	m.requests.WithLabelValues(repository, request).Inc()
	m.durations.WithLabelValues(repository, request).Observe(took.Seconds())
	if err != nil {
		m.failures[request].WithLabelValues(repository).Inc()
	}
}
