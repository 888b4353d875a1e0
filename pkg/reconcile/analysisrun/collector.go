// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
)

// Collector shows every AnalysisRun and its templates as metrics, from the caches and at the moment of the scrape.
// Names and labels are those of Argo Rollouts 1.9 (controller/metrics/analysis.go), without those that it deprecates.
type Collector struct {
	runs      listers.AnalysisRunLister
	templates listers.AnalysisTemplateLister
	cluster   listers.ClusterAnalysisTemplateLister

	info, metricType, metricPhase, templateInfo, templateMetric *prometheus.Desc
}

var _ prometheus.Collector = &Collector{}

// NewCollector returns a Collector of what listers hold.
func NewCollector(
	runs listers.AnalysisRunLister, templates listers.AnalysisTemplateLister,
	cluster listers.ClusterAnalysisTemplateLister,
) *Collector {
	described := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"namespace", "name"}, labels...), nil)
	}
	return &Collector{
		runs: runs, templates: templates, cluster: cluster,
		info:       described("analysis_run_info", "An AnalysisRun and its phase; always 1.", "phase"),
		metricType: described("analysis_run_metric_type", "A metric of an AnalysisRun; always 1.", "metric", "type"),
		metricPhase: described("analysis_run_metric_phase", "1 for the phase of a metric of an AnalysisRun.",
			"metric", "type", "dry_run", "phase"),
		templateInfo:   described("analysis_template_info", "A template of analyses; always 1."),
		templateMetric: described("analysis_template_metric_info", "A metric of a template; always 1.", "type", "metric"),
	}
}

// Describe sends the descriptions.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{
		c.info, c.metricType, c.metricPhase, c.templateInfo, c.templateMetric,
	} {
		out <- description
	}
}

// Collect sends the metrics of every AnalysisRun and template. What cannot be listed has none.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	runs, _ := c.runs.List(labels.Everything())
	for _, run := range runs {
		c.collectRun(out, run)
	}
	templates, _ := c.templates.List(labels.Everything())
	for _, template := range templates {
		c.collectTemplate(out, template.Namespace, template.Name, template.Spec.Metrics)
	}
	cluster, _ := c.cluster.List(labels.Everything())
	for _, template := range cluster {
		c.collectTemplate(out, "", template.Name, template.Spec.Metrics)
	}
}

func (c *Collector) collectRun(out chan<- prometheus.Metric, run *v1alpha1.AnalysisRun) {
	send := func(description *prometheus.Desc, value float64, labels ...string) {
		labels = append([]string{run.Namespace, run.Name}, labels...)
		out <- prometheus.MustNewConstMetric(description, prometheus.GaugeValue, value, labels...)
	}
	send(c.info, 1, string(run.Status.Phase))
	results := map[string]v1alpha1.MetricResult{}
	for _, result := range run.Status.MetricResults {
		results[result.Name] = result
	}
	for name, metric := range distinct(run.Spec.Metrics) {
		kind, result := typeOf(metric), results[name]
		send(c.metricType, 1, name, kind)
		for _, phase := range []v1alpha1.AnalysisPhase{
			v1alpha1.AnalysisPhasePending, v1alpha1.AnalysisPhaseRunning, v1alpha1.AnalysisPhaseSuccessful,
			v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError, v1alpha1.AnalysisPhaseInconclusive,
		} {
			value := 0.0
			if result.Phase == phase || result.Phase == "" && phase == v1alpha1.AnalysisPhasePending {
				value = 1
			}
			send(c.metricPhase, value, name, kind, strconv.FormatBool(result.DryRun), string(phase))
		}
	}
}

func (c *Collector) collectTemplate(
	out chan<- prometheus.Metric, namespace, template string, metrics []v1alpha1.Metric,
) {
	out <- prometheus.MustNewConstMetric(c.templateInfo, prometheus.GaugeValue, 1, namespace, template)
	for name, metric := range distinct(metrics) {
		out <- prometheus.MustNewConstMetric(c.templateMetric, prometheus.GaugeValue, 1,
			namespace, template, typeOf(metric), name)
	}
}

// distinct are metrics by their names. Two of one name would make two series of one, and no scrape would succeed.
func distinct(metrics []v1alpha1.Metric) map[string]v1alpha1.Metric {
	byName := make(map[string]v1alpha1.Metric, len(metrics))
	for _, metric := range metrics {
		byName[metric.Name] = metric
	}
	return byName
}

// typeOf names the provider of a metric as the peer does.
func typeOf(metric v1alpha1.Metric) string {
	providers := analysis.Providers(metric)
	if len(providers) == 0 {
		return ""
	}
	switch name := providers[0]; name {
	case "prometheus":
		return "Prometheus"
	case "web":
		return "WebMetric"
	default:
		return name
	}
}
