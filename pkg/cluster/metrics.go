// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import "github.com/prometheus/client_golang/prometheus"

// collector reads the metrics from the clusters when they are asked for, so that those of
// a removed cluster end by themselves.
type collector struct {
	clusters   *Clusters
	connection *prometheus.Desc
	records    *prometheus.Desc
	events     *prometheus.Desc
	bytes      *prometheus.Desc
}

func newCollector(clusters *Clusters) *collector {
	label := []string{"server"}
	return &collector{
		clusters: clusters,
		connection: prometheus.NewDesc("argocd_cluster_connection_status",
			"1 where the last call to the cluster was answered, else 0.", label, nil),
		records: prometheus.NewDesc("capstan_cluster_live_records",
			"Number of managed objects that are known in the cluster.", label, nil),
		events: prometheus.NewDesc("capstan_cluster_events_total",
			"Number of objects received from the cluster by lists and watches.", label, nil),
		bytes: prometheus.NewDesc("capstan_cluster_bytes_total",
			"Bytes on the wire, as compressed and encrypted as they are.", append(label, "direction"), nil),
	}
}

// Describe sends what the metrics are.
func (m *collector) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- m.connection
	descriptions <- m.records
	descriptions <- m.events
	descriptions <- m.bytes
}

// Collect sends the metrics of all clusters.
func (m *collector) Collect(metrics chan<- prometheus.Metric) {
	for _, cluster := range m.clusters.List() {
		status := cluster.Status()
		connected := 0.0
		if status.Reachable {
			connected = 1
		}
		send := func(description *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
			labels = append([]string{cluster.server}, labels...)
			metrics <- prometheus.MustNewConstMetric(description, kind, value, labels...)
		}
		send(m.connection, prometheus.GaugeValue, connected)
		send(m.records, prometheus.GaugeValue, float64(status.Objects))
		send(m.events, prometheus.CounterValue, float64(cluster.events.Load()))
		send(m.bytes, prometheus.CounterValue, float64(cluster.traffic.received.Load()), "received")
		send(m.bytes, prometheus.CounterValue, float64(cluster.traffic.sent.Load()), "sent")
	}
}
