// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/util/intstr"
)

// WebMetricMethod is an HTTP method that a web metric uses.
type WebMetricMethod string

// The methods of a web metric.
const (
	WebMetricMethodGet  WebMetricMethod = "GET"
	WebMetricMethodPost WebMetricMethod = "POST"
	WebMetricMethodPut  WebMetricMethod = "PUT"
)

// WebMetric asks an HTTP endpoint.
type WebMetric struct {
	// Method is the HTTP method: GET, POST or PUT; absent is GET.
	// +optional
	Method WebMetricMethod `json:"method,omitempty"`
	// URL is the address of the endpoint.
	// +required
	URL string `json:"url"`
	// Headers are sent with the request.
	// +optional
	// +listType=atomic
	Headers []WebMetricHeader `json:"headers,omitzero"`
	// Body is the body of a POST or PUT.
	// +optional
	Body string `json:"body,omitempty"`
	// TimeoutSeconds is the time in seconds that a request may take; absent is 10.
	// +optional
	TimeoutSeconds *int64 `json:"timeoutSeconds,omitempty"`
	// JSONPath selects the result in the response; absent is the whole document.
	// +optional
	JSONPath string `json:"jsonPath,omitempty"`
	// Insecure skips the verification of the server's certificate.
	// +optional
	Insecure *bool `json:"insecure,omitempty"`
	// JSONBody is the body of a POST or PUT as a JSON value.
	// +optional
	JSONBody JSON `json:"jsonBody,omitzero"`
	// Authentication says how to authenticate.
	// +optional
	Authentication *Authentication `json:"authentication,omitempty"`
}

// WebMetricHeader is a header of an HTTP request.
type WebMetricHeader struct {
	// Key is the name of the header.
	// +required
	Key string `json:"key"`
	// Value is the value of the header.
	// +required
	Value string `json:"value"`
}

// KayentaMetric asks a Kayenta server for a canary analysis.
type KayentaMetric struct {
	// Address is the URL of the server.
	// +required
	Address string `json:"address"`
	// Application is the name of the application.
	// +required
	Application string `json:"application"`
	// CanaryConfigName is the name of the canary configuration.
	// +required
	CanaryConfigName string `json:"canaryConfigName"`
	// MetricsAccountName is the account that holds the metrics.
	// +required
	MetricsAccountName string `json:"metricsAccountName"`
	// ConfigurationAccountName is the account that holds the configuration.
	// +required
	ConfigurationAccountName string `json:"configurationAccountName"`
	// StorageAccountName is the account that holds the results.
	// +required
	StorageAccountName string `json:"storageAccountName"`
	// Threshold is the score from which the analysis passes.
	// +required
	Threshold *KayentaThreshold `json:"threshold,omitempty"`
	// Scopes are what is compared.
	// +required
	// +listType=atomic
	Scopes []KayentaScope `json:"scopes,omitzero"`
	// Lookback asks for the whole time from the start in each measurement.
	// +optional
	Lookback *bool `json:"lookback,omitempty"`
}

// KayentaThreshold is the score from which an analysis passes.
type KayentaThreshold struct {
	// Pass is the score of a success, in percent.
	// +required
	Pass *int64 `json:"pass,omitempty"`
	// Marginal is the score below which an analysis fails, in percent.
	// +required
	Marginal *int64 `json:"marginal,omitempty"`
}

// KayentaScope is a pair of populations to compare.
type KayentaScope struct {
	// Name is the name of the scope.
	// +required
	Name string `json:"name"`
	// ControlScope is the population to compare with.
	// +required
	ControlScope *ScopeDetail `json:"controlScope,omitempty"`
	// ExperimentScope is the population to judge.
	// +required
	ExperimentScope *ScopeDetail `json:"experimentScope,omitempty"`
}

// ScopeDetail is a population and a time.
type ScopeDetail struct {
	// Scope is the name of the population.
	// +required
	Scope string `json:"scope"`
	// Region is the region of the population.
	// +required
	Region string `json:"region"`
	// Step is the time between two samples, in seconds.
	// +required
	Step *int64 `json:"step,omitempty"`
	// Start is the time of the first sample.
	// +optional
	Start string `json:"start,omitempty"`
	// End is the time of the last sample.
	// +optional
	End string `json:"end,omitempty"`
}

// CloudWatchMetric asks Amazon CloudWatch.
type CloudWatchMetric struct {
	// Interval is the time that the query looks back; absent is 5m.
	// +optional
	Interval DurationString `json:"interval,omitempty"`
	// MetricDataQueries are the queries.
	// +required
	// +listType=atomic
	MetricDataQueries []CloudWatchMetricDataQuery `json:"metricDataQueries,omitzero"`
}

// CloudWatchMetricDataQuery is one query or expression.
type CloudWatchMetricDataQuery struct {
	// ID is the name by which expressions refer to the query.
	// +optional
	ID string `json:"id,omitempty"`
	// Expression is a metric math expression.
	// +optional
	Expression *string `json:"expression,omitempty"`
	// Label is the name of the result.
	// +optional
	Label *string `json:"label,omitempty"`
	// MetricStat is the metric to return.
	// +optional
	MetricStat *CloudWatchMetricStat `json:"metricStat,omitempty"`
	// Period is the granularity in seconds.
	// +optional
	Period *intstr.IntOrString `json:"period,omitempty"`
	// ReturnData says whether the result is returned.
	// +optional
	ReturnData *bool `json:"returnData,omitempty"`
}

// CloudWatchMetricStat is a statistic of a metric.
type CloudWatchMetricStat struct {
	// Metric is the metric.
	// +optional
	Metric *CloudWatchMetricStatMetric `json:"metric,omitempty"`
	// Period is the granularity in seconds.
	// +optional
	Period *intstr.IntOrString `json:"period,omitempty"`
	// Stat is the statistic.
	// +optional
	Stat string `json:"stat,omitempty"`
	// Unit is the unit.
	// +optional
	Unit string `json:"unit,omitempty"`
}

// CloudWatchMetricStatMetric is a metric of CloudWatch.
type CloudWatchMetricStatMetric struct {
	// Dimensions select the metric.
	// +optional
	// +listType=atomic
	Dimensions []CloudWatchMetricStatMetricDimension `json:"dimensions,omitzero"`
	// MetricName is the name of the metric.
	// +optional
	MetricName string `json:"metricName,omitempty"`
	// Namespace is the CloudWatch namespace of the metric.
	// +optional
	Namespace *string `json:"namespace,omitempty"`
}

// CloudWatchMetricStatMetricDimension is a dimension of a CloudWatch metric.
type CloudWatchMetricStatMetricDimension struct {
	// Name is the name of the dimension.
	// +optional
	Name string `json:"name,omitempty"`
	// Value is the value of the dimension.
	// +optional
	Value string `json:"value,omitempty"`
}
