// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Collector shows every Experiment as metrics, from the cache and at the moment of the scrape, by the peer's names
// (Argo Rollouts 1.9: controller/metrics/experiment.go).
type Collector struct {
	experiments cache.Indexer
	info, phase *prometheus.Desc
}

var _ prometheus.Collector = &Collector{}

// NewCollector returns a Collector of the Experiments of an indexer.
func NewCollector(experiments cache.Indexer) *Collector {
	labels := []string{"namespace", "name", "phase"}
	return &Collector{
		experiments: experiments,
		info:        prometheus.NewDesc("experiment_info", "An Experiment and its phase; always 1.", labels, nil),
		phase:       prometheus.NewDesc("experiment_phase", "1 for the phase that an Experiment is in.", labels, nil),
	}
}

// Describe sends the descriptions.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	out <- c.info
	out <- c.phase
}

// Collect sends the metrics of every Experiment.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	for _, object := range c.experiments.List() {
		experiment, is := object.(*v1alpha1.Experiment)
		if !is {
			continue
		}
		current := string(experiment.Status.Phase)
		send := func(description *prometheus.Desc, value float64, phase string) {
			out <- prometheus.MustNewConstMetric(
				description, prometheus.GaugeValue, value, experiment.Namespace, experiment.Name, phase)
		}
		send(c.info, 1, current)
		for _, phase := range []v1alpha1.AnalysisPhase{
			v1alpha1.AnalysisPhasePending, v1alpha1.AnalysisPhaseRunning, v1alpha1.AnalysisPhaseSuccessful,
			v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError, v1alpha1.AnalysisPhaseInconclusive,
		} {
			value := 0.0
			if string(phase) == current {
				value = 1
			}
			send(c.phase, value, string(phase))
		}
	}
}
