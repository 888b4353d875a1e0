// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Metric is one metric of an analysis, and the rules by which it is judged.
type Metric struct {
	// Name identifies the metric within the analysis.
	// +required
	Name string `json:"name"`
	// Interval is the time between two measurements; absent is a single measurement.
	// +optional
	Interval DurationString `json:"interval,omitempty"`
	// InitialDelay is the time to wait before the first measurement.
	// +optional
	InitialDelay DurationString `json:"initialDelay,omitempty"`
	// Count is the number of measurements; absent is 1 without an interval and endless with one.
	// +optional
	Count *intstr.IntOrString `json:"count,omitempty"`
	// SuccessCondition is an expression over result that makes a measurement successful.
	// +optional
	SuccessCondition string `json:"successCondition,omitempty"`
	// FailureCondition is an expression over result that makes a measurement failed.
	// +optional
	FailureCondition string `json:"failureCondition,omitempty"`
	// FailureLimit is the number of failed measurements that the metric survives; absent is 0, -1 is without limit.
	// +optional
	FailureLimit *intstr.IntOrString `json:"failureLimit,omitempty"`
	// InconclusiveLimit is the number of inconclusive measurements that the metric survives; absent is 0.
	// +optional
	InconclusiveLimit *intstr.IntOrString `json:"inconclusiveLimit,omitempty"`
	// ConsecutiveErrorLimit is the number of errors in a row that the metric survives; absent is 4.
	// +optional
	ConsecutiveErrorLimit *intstr.IntOrString `json:"consecutiveErrorLimit,omitempty"`
	// ConsecutiveSuccessLimit is the number of successes in a row that make the metric successful; absent is off.
	// +optional
	ConsecutiveSuccessLimit *intstr.IntOrString `json:"consecutiveSuccessLimit,omitempty"`
	// Provider is where the metric is measured.
	// +required
	Provider *MetricProvider `json:"provider,omitempty"`
}

// MetricProvider is where a metric is measured; one of the fields is set.
type MetricProvider struct {
	// Prometheus asks a Prometheus server.
	// +optional
	Prometheus *PrometheusMetric `json:"prometheus,omitempty"`
	// Kayenta asks a Kayenta server for a canary analysis.
	// +optional
	Kayenta *KayentaMetric `json:"kayenta,omitempty"`
	// Web asks an HTTP endpoint.
	// +optional
	Web *WebMetric `json:"web,omitempty"`
	// Datadog asks Datadog.
	// +optional
	Datadog *DatadogMetric `json:"datadog,omitempty"`
	// Wavefront asks Wavefront.
	// +optional
	Wavefront *WavefrontMetric `json:"wavefront,omitempty"`
	// NewRelic asks New Relic.
	// +optional
	NewRelic *NewRelicMetric `json:"newRelic,omitempty"`
	// Job runs a Job whose success is the measurement.
	// +optional
	Job *JobMetric `json:"job,omitempty"`
	// CloudWatch asks Amazon CloudWatch.
	// +optional
	CloudWatch *CloudWatchMetric `json:"cloudWatch,omitempty"`
	// Graphite asks a Graphite server.
	// +optional
	Graphite *GraphiteMetric `json:"graphite,omitempty"`
	// Influxdb asks an InfluxDB server.
	// +optional
	Influxdb *InfluxdbMetric `json:"influxdb,omitempty"`
	// SkyWalking asks a SkyWalking server.
	// +optional
	SkyWalking *SkyWalkingMetric `json:"skywalking,omitempty"`
	// Plugin is the configuration of a metric plugin, by the plugin's name.
	// +optional
	Plugin map[string]JSON `json:"plugin,omitzero"`
}
