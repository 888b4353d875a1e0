// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"maps"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// orphanCollector shows the orphaned objects of Applications, in the shape of Argo CD 3.6.
type orphanCollector struct {
	states *states
	count  *prometheus.Desc
}

var _ prometheus.Collector = orphanCollector{}

func newOrphanCollector(of *states) orphanCollector {
	return orphanCollector{states: of, count: prometheus.NewDesc("argocd_app_orphaned_resources_count",
		"Objects of the destination's namespace that belong to no Application, where the project asks for them.",
		[]string{"namespace", "name", "project"}, nil)}
}

// Describe sends the description.
func (c orphanCollector) Describe(out chan<- *prometheus.Desc) { out <- c.count }

// Collect sends the count of every Application whose project asks for it.
func (c orphanCollector) Collect(out chan<- prometheus.Metric) {
	for key, found := range c.states.allOrphaned() {
		out <- prometheus.MustNewConstMetric(c.count, prometheus.GaugeValue, float64(found.count),
			key.Namespace, key.Name, found.project)
	}
}

// setOrphaned notes what was found for an Application, nil where nobody asks.
func (s *states) setOrphaned(app *v1alpha1.Application, found *orphanCount) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := types.NamespacedName{Namespace: app.Namespace, Name: app.Name}
	if found == nil || s.byKey[key] == nil {
		delete(s.orphaned, key)
		return
	}
	s.orphaned[key] = *found
}

func (s *states) allOrphaned() map[types.NamespacedName]orphanCount {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.orphaned)
}
