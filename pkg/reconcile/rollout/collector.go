// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

// Collector shows every Rollout as metrics, from the cache and at the moment of the scrape, by the peer's names (Argo
// Rollouts 1.9: controller/metrics/rollout.go).
type Collector struct {
	rollouts cache.Indexer
	info     *prometheus.Desc
	counts   []count
}

// count is a number of pods that is shown.
type count struct {
	description *prometheus.Desc
	of          func(*v1alpha1.Rollout) int32
}

var _ prometheus.Collector = &Collector{}

// NewCollector returns a Collector of the Rollouts of an indexer.
func NewCollector(rollouts cache.Indexer) *Collector {
	described := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"namespace", "name"}, labels...), nil)
	}
	return &Collector{
		rollouts: rollouts,
		info:     described("rollout_info", "A Rollout and its state; always 1.", "strategy", "traffic_router", "phase"),
		counts: []count{
			{described("rollout_info_replicas_desired", "Desired pods."), rollout.Replicas},
			{described("rollout_info_replicas_updated", "Pods of the desired template."),
				func(r *v1alpha1.Rollout) int32 { return r.Status.UpdatedReplicas }},
			{described("rollout_info_replicas_available", "Available pods."),
				func(r *v1alpha1.Rollout) int32 { return r.Status.AvailableReplicas }},
			{described("rollout_info_replicas_unavailable", "Pods that are not available."),
				func(r *v1alpha1.Rollout) int32 { return r.Status.Replicas - r.Status.AvailableReplicas }},
		},
	}
}

// Describe sends the descriptions.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	out <- c.info
	for _, shown := range c.counts {
		out <- shown.description
	}
}

// Collect sends the metrics of every Rollout.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	for _, object := range c.rollouts.List() {
		r, isRollout := object.(*v1alpha1.Rollout)
		if !isRollout {
			continue
		}
		out <- prometheus.MustNewConstMetric(c.info, prometheus.GaugeValue, 1, r.Namespace, r.Name,
			strategyName(r), routerNames(r), phaseName(r))
		for _, shown := range c.counts {
			out <- prometheus.MustNewConstMetric(
				shown.description, prometheus.GaugeValue, float64(shown.of(r)), r.Namespace, r.Name)
		}
	}
}

func strategyName(r *v1alpha1.Rollout) string {
	switch {
	case r.Spec.BlueGreen() != nil:
		return "blueGreen"
	case r.Spec.Canary() != nil:
		return "canary"
	default:
		return ""
	}
}

// routerNames are the routers of a Rollout; one that is not known has no name.
func routerNames(r *v1alpha1.Rollout) string {
	routers, err := traffic.Routers(r)
	if err != nil {
		return ""
	}
	names := make([]string, 0, len(routers))
	for _, router := range routers {
		names = append(names, router.Name())
	}
	return strings.Join(names, ",")
}

// phaseName is the state of a Rollout in the words of this metric, which are not those of its status.
func phaseName(r *v1alpha1.Rollout) string {
	reasons := map[v1alpha1.RolloutConditionType]string{}
	for _, condition := range r.Status.Conditions {
		reasons[condition.Type] = condition.Reason
	}
	progressing := reasons[v1alpha1.RolloutProgressing]
	switch {
	case reasons[v1alpha1.RolloutInvalidSpec] != "":
		return "InvalidSpec"
	case progressing == "RolloutAborted":
		return "Abort"
	case progressing == "ProgressDeadlineExceeded":
		return "Timeout"
	case progressing == "RolloutPaused":
		return "Paused"
	case progressing == "NewReplicaSetAvailable":
		return "Completed"
	default:
		return "Progressing"
	}
}
