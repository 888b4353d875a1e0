// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/yaml"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	listers "github.com/capstan-dev/capstan/pkg/generated/listers/argoproj/v1alpha1"
)

const wantedSeries = `
# HELP analysis_run_info An AnalysisRun and its phase; always 1.
# TYPE analysis_run_info gauge
analysis_run_info{name="run",namespace="team",phase="Running"} 1
# HELP analysis_run_metric_phase 1 for the phase of a metric of an AnalysisRun.
# TYPE analysis_run_metric_phase gauge
analysis_run_metric_phase{dry_run="false",metric="new",name="run",namespace="team",phase="Error",type="job"} 0
analysis_run_metric_phase{dry_run="false",metric="new",name="run",namespace="team",phase="Failed",type="job"} 0
analysis_run_metric_phase{dry_run="false",metric="new",name="run",namespace="team",phase="Inconclusive",type="job"} 0
analysis_run_metric_phase{dry_run="false",metric="new",name="run",namespace="team",phase="Pending",type="job"} 1
analysis_run_metric_phase{dry_run="false",metric="new",name="run",namespace="team",phase="Running",type="job"} 0
analysis_run_metric_phase{dry_run="false",metric="new",name="run",namespace="team",phase="Successful",type="job"} 0
analysis_run_metric_phase{dry_run="true",metric="up",name="run",namespace="team",phase="Error",type="Prometheus"} 0
analysis_run_metric_phase{dry_run="true",metric="up",name="run",namespace="team",phase="Failed",type="Prometheus"} 1
analysis_run_metric_phase{dry_run="true",metric="up",name="run",namespace="team",phase="Inconclusive",type="Prometheus"} 0
analysis_run_metric_phase{dry_run="true",metric="up",name="run",namespace="team",phase="Pending",type="Prometheus"} 0
analysis_run_metric_phase{dry_run="true",metric="up",name="run",namespace="team",phase="Running",type="Prometheus"} 0
analysis_run_metric_phase{dry_run="true",metric="up",name="run",namespace="team",phase="Successful",type="Prometheus"} 0
# HELP analysis_run_metric_type A metric of an AnalysisRun; always 1.
# TYPE analysis_run_metric_type gauge
analysis_run_metric_type{metric="new",name="run",namespace="team",type="job"} 1
analysis_run_metric_type{metric="up",name="run",namespace="team",type="Prometheus"} 1
# HELP analysis_template_info A template of analyses; always 1.
# TYPE analysis_template_info gauge
analysis_template_info{name="all",namespace=""} 1
analysis_template_info{name="own",namespace="team"} 1
# HELP analysis_template_metric_info A metric of a template; always 1.
# TYPE analysis_template_metric_info gauge
analysis_template_metric_info{metric="none",name="own",namespace="team",type=""} 1
analysis_template_metric_info{metric="web",name="own",namespace="team",type="WebMetric"} 1
`

func TestCollectorShowsRunsAndTemplates(t *testing.T) {
	t.Parallel()
	runs := indexerOf(t, &v1alpha1.AnalysisRun{}, `{metadata: {name: run, namespace: team},
	  spec: {metrics: [{name: up, provider: {prometheus: {}}}, {name: new, provider: {job: {}}}, {name: new, provider: {job: {}}}]},
	  status: {phase: Running, metricResults: [{name: up, phase: Failed, dryRun: true}]}}`)
	own := indexerOf(t, &v1alpha1.AnalysisTemplate{}, `{metadata: {name: own, namespace: team},
	  spec: {metrics: [{name: web, provider: {web: {}}}, {name: none, provider: {}}]}}`)
	all := indexerOf(t, &v1alpha1.ClusterAnalysisTemplate{}, `{metadata: {name: all}, spec: {}}`)
	collector := NewCollector(listers.NewAnalysisRunLister(runs), listers.NewAnalysisTemplateLister(own),
		listers.NewClusterAnalysisTemplateLister(all))
	if err := testutil.CollectAndCompare(collector, strings.NewReader(wantedSeries)); err != nil {
		t.Error(err)
	}
}

func indexerOf(t *testing.T, object any, text string) cache.Indexer {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), object); err != nil {
		t.Fatal(err)
	}
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	if err := indexer.Add(object); err != nil {
		t.Fatal(err)
	}
	return indexer
}
