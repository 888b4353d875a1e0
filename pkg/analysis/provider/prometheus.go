// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/capstan-dev/capstan/pkg/analysis"
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	defaultPrometheusTimeout = 30 * time.Second
	// resolvedQuery is where the result of a metric shows the query as it was asked.
	resolvedQuery = "ResolvedPrometheusQuery"
)

// Prometheus asks Prometheus servers (as Argo Rollouts 1.9: metricproviders/prometheus).
type Prometheus struct {
	Network Network
	// Address is the server of metrics that name none.
	Address string
	// Identity signs for metrics that ask for it.
	Identity AWS
}

// Measure asks the query of a metric.
func (p Prometheus) Measure(ctx context.Context, _ *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	asked := metric.Provider.Prometheus
	timeout := defaultPrometheusTimeout
	if asked.Timeout != nil && *asked.Timeout < 0 {
		return failed(errors.New("prometheus timeout should not be negative"))
	}
	if asked.Timeout != nil {
		timeout = time.Duration(min(*asked.Timeout, int64(longestTimeout/time.Second))) * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	server, err := p.server(ctx, asked)
	if err != nil {
		return failed(err)
	}
	answer, warnings, err := query(ctx, server, asked)
	if err != nil {
		return failed(err)
	}
	measured := measuredOf(metric, answer)
	if len(warnings) > 0 {
		measured.Metadata = map[string]string{"warnings": `"` + strings.Join(warnings, `", "`) + `"`}
	}
	return measured
}

// Describe returns the query.
func (Prometheus) Describe(metric v1alpha1.Metric) map[string]string {
	if metric.Provider.Prometheus.Query == "" {
		return nil
	}
	return map[string]string{resolvedQuery: metric.Provider.Prometheus.Query}
}

func (p Prometheus) server(ctx context.Context, asked *v1alpha1.PrometheusMetric) (promv1.API, error) {
	address := asked.Address
	if address == "" {
		address = p.Address
	}
	if address == "" {
		return nil, errors.New("prometheus address is not configured")
	}
	at, err := url.Parse(address)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, errors.New("prometheus address is not is url format")
	}
	secrets := at.User != nil || secretive(asked.Headers, asked.Authentication)
	base := p.Network.client(asked.Insecure != nil && *asked.Insecure, secrets, longestTimeout)
	client, err := authenticated(ctx, base, asked.Authentication)
	if config, signs := sigv4(asked.Authentication); err == nil && signs {
		client, err = p.Network.signing(client, p.Identity, config, at)
	}
	if err != nil {
		return nil, err
	}
	client.Transport = withHeaders{client.Transport, asked.Headers}
	made, err := api.NewClient(api.Config{Address: address, Client: client})
	if err != nil {
		return nil, err
	}
	return promv1.NewAPI(made), nil
}

// withHeaders sends the headers of a metric.
type withHeaders struct {
	next    http.RoundTripper
	headers []v1alpha1.WebMetricHeader
}

// RoundTrip sends a request.
func (w withHeaders) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	for _, header := range w.headers {
		request.Header.Set(header.Key, header.Value)
	}
	return w.next.RoundTrip(request)
}

func query(
	ctx context.Context, server promv1.API, asked *v1alpha1.PrometheusMetric,
) (model.Value, promv1.Warnings, error) {
	if asked.RangeQuery == nil {
		return server.Query(ctx, asked.Query, time.Now())
	}
	start, err := analysis.Time(asked.RangeQuery.Start)
	if err != nil {
		return nil, nil, fmt.Errorf("failed to parse rangeQuery.start: %w", err)
	}
	end, err := analysis.Time(asked.RangeQuery.End)
	if err != nil {
		return nil, nil, fmt.Errorf("failed to parse rangeQuery.end: %w", err)
	}
	step, err := asked.RangeQuery.Step.Duration()
	if err != nil {
		return nil, nil, fmt.Errorf("failed to parse rangeQuery.step: %w", err)
	}
	return server.QueryRange(ctx, asked.Query, promv1.Range{Start: start, End: end, Step: step})
}

// measuredOf judges an answer: a scalar as a number, a vector or matrix as a list of numbers.
func measuredOf(metric v1alpha1.Metric, answer model.Value) v1alpha1.Measurement {
	var samples []model.SampleValue
	switch typed := answer.(type) {
	case *model.Scalar:
		return judged(metric, typed.Value.String(), float64(typed.Value))
	case model.Vector:
		for _, sample := range typed {
			samples = append(samples, sample.Value)
		}
	case model.Matrix:
		for _, stream := range typed {
			for _, pair := range stream.Values {
				samples = append(samples, pair.Value)
			}
		}
	default:
		return failed(errors.New("Prometheus metric type not supported"))
	}
	texts, numbers := make([]string, len(samples)), make([]float64, len(samples))
	for i, sample := range samples {
		texts[i], numbers[i] = sample.String(), float64(sample)
	}
	return judged(metric, "["+strings.Join(texts, ",")+"]", numbers)
}
