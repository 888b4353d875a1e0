// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// PrometheusMetric asks a Prometheus server.
type PrometheusMetric struct {
	// Address is the URL of the server.
	// +optional
	Address string `json:"address,omitempty"`
	// Query is the PromQL expression.
	// +optional
	Query string `json:"query,omitempty"`
	// Authentication says how to authenticate.
	// +optional
	Authentication *Authentication `json:"authentication,omitempty"`
	// Timeout is the time in seconds that a query may take; absent is 30.
	// +optional
	Timeout *int64 `json:"timeout,omitempty"`
	// Insecure skips the verification of the server's certificate.
	// +optional
	Insecure *bool `json:"insecure,omitempty"`
	// Headers are sent with the query.
	// +optional
	// +listType=atomic
	Headers []WebMetricHeader `json:"headers,omitzero"`
	// RangeQuery makes the query a range query.
	// +optional
	RangeQuery *PrometheusRangeQueryArgs `json:"rangeQuery,omitempty"`
}

// PrometheusRangeQueryArgs are the bounds of a range query.
type PrometheusRangeQueryArgs struct {
	// Start is an expression for the time of the first sample.
	// +optional
	Start string `json:"start,omitempty"`
	// End is an expression for the time of the last sample.
	// +optional
	End string `json:"end,omitempty"`
	// Step is the time between two samples.
	// +optional
	Step DurationString `json:"step,omitempty"`
}

// Authentication says how a metric provider authenticates.
type Authentication struct {
	// Sigv4 signs requests for AWS.
	// +optional
	Sigv4 *Sigv4Config `json:"sigv4,omitempty"`
	// OAuth2 fetches a token by client credentials.
	// +optional
	OAuth2 *OAuth2Config `json:"oauth2,omitempty"`
}

// OAuth2Config is the client credentials flow of OAuth 2.
type OAuth2Config struct {
	// TokenURL is the URL of the token endpoint.
	// +optional
	TokenURL string `json:"tokenUrl,omitempty"`
	// ClientID is the client's identifier.
	// +optional
	ClientID string `json:"clientId,omitempty"`
	// ClientSecret is the client's secret, as a rule the reference of an argument.
	// +optional
	ClientSecret string `json:"clientSecret,omitempty"`
	// Scopes are the scopes to ask for.
	// +optional
	// +listType=atomic
	Scopes []string `json:"scopes,omitzero"`
}

// Sigv4Config signs requests for AWS.
type Sigv4Config struct {
	// Region is the AWS region.
	// +optional
	Region string `json:"region,omitempty"`
	// Profile is the AWS profile.
	// +optional
	Profile string `json:"profile,omitempty"`
	// RoleARN is the role to assume.
	// +optional
	RoleARN string `json:"roleArn,omitempty"`
}

// WavefrontMetric asks Wavefront.
type WavefrontMetric struct {
	// Address is the address of the server.
	// +optional
	Address string `json:"address,omitempty"`
	// Query is the query.
	// +optional
	Query string `json:"query,omitempty"`
}

// NewRelicMetric asks New Relic.
type NewRelicMetric struct {
	// Profile is the name of the Secret with the account.
	// +optional
	Profile string `json:"profile,omitempty"`
	// Query is the NRQL query.
	// +required
	Query string `json:"query"`
	// Timeout is the time in seconds that a query may take.
	// +optional
	Timeout *int64 `json:"timeout,omitempty"`
}

// JobMetric runs a Job whose success is the measurement.
type JobMetric struct {
	// Metadata holds labels and annotations of the Job.
	// +optional
	Metadata *JobMetadata `json:"metadata,omitempty"`
	// Spec is the specification of the Job.
	// +required
	Spec JobSpec `json:"spec,omitzero"`
}

// JobMetadata holds labels and annotations of a Job.
type JobMetadata struct {
	// Labels are the labels.
	// +optional
	Labels map[string]string `json:"labels,omitzero"`
	// Annotations are the annotations.
	// +optional
	Annotations map[string]string `json:"annotations,omitzero"`
}

// GraphiteMetric asks a Graphite server.
type GraphiteMetric struct {
	// Address is the URL of the server.
	// +optional
	Address string `json:"address,omitempty"`
	// Query is the query.
	// +optional
	Query string `json:"query,omitempty"`
}

// InfluxdbMetric asks an InfluxDB server.
type InfluxdbMetric struct {
	// Profile is the name of the Secret with the account.
	// +optional
	Profile string `json:"profile,omitempty"`
	// Query is the Flux query.
	// +optional
	Query string `json:"query,omitempty"`
}

// SkyWalkingMetric asks a SkyWalking server.
type SkyWalkingMetric struct {
	// Address is the URL of the server.
	// +optional
	Address string `json:"address,omitempty"`
	// Query is the GraphQL query.
	// +optional
	Query string `json:"query,omitempty"`
	// Interval is the time that the query looks back.
	// +optional
	Interval DurationString `json:"interval,omitempty"`
}

// DatadogMetric asks Datadog.
type DatadogMetric struct {
	// Interval is the time that the query looks back; absent is 5m.
	// +optional
	Interval DurationString `json:"interval,omitempty"`
	// Query is the query.
	// +optional
	Query string `json:"query,omitempty"`
	// Queries are named queries that the formula combines.
	// +optional
	Queries map[string]string `json:"queries,omitzero"`
	// Formula combines the queries.
	// +optional
	Formula string `json:"formula,omitempty"`
	// APIVersion is the version of Datadog's API, v1 or v2; absent is v1.
	// +optional
	APIVersion string `json:"apiVersion,omitempty"`
	// Aggregator is how samples are combined: avg, min, max, sum, last, percentile, mean, l2norm or area.
	// +optional
	Aggregator string `json:"aggregator,omitempty"`
	// SecretRef names the Secret with the account.
	// +optional
	SecretRef *DatadogSecretRef `json:"secretRef,omitempty"`
	// RequestTimeout is the time that a request may take; absent is 10s.
	// +optional
	RequestTimeout DurationString `json:"requestTimeout,omitempty"`
}

// DatadogSecretRef names the Secret with a Datadog account.
type DatadogSecretRef struct {
	// Name is the name of the Secret.
	// +optional
	Name string `json:"name,omitempty"`
	// Namespaced says that the Secret is in the namespace of the analysis, not in that of the controller.
	// +optional
	Namespaced *bool `json:"namespaced,omitempty"`
}
