// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const defaultWebTimeout = 10 * time.Second

// Web asks HTTP endpoints (as Argo Rollouts 1.9: metricproviders/webmetric).
type Web struct {
	Network Network
}

// Measure asks the endpoint of a metric. Its answer is the result: what jsonPath finds in JSON, else the text.
func (w Web) Measure(ctx context.Context, _ *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	web := metric.Provider.Web
	body, err := w.ask(ctx, web)
	if err != nil {
		return failed(err)
	}
	var data any
	if err = json.Unmarshal(body, &data); err != nil {
		return judged(metric, string(body), string(body))
	}
	result, err := find(data, web.JSONPath)
	if err != nil {
		return failed(err)
	}
	return judgedJSON(metric, result)
}

// ask returns the body of an answer that says all is well.
func (w Web) ask(ctx context.Context, web *v1alpha1.WebMetric) ([]byte, error) {
	request, err := requestOf(ctx, web)
	if err != nil {
		return nil, err
	}
	timeout := defaultWebTimeout
	if web.TimeoutSeconds != nil && *web.TimeoutSeconds > 0 {
		timeout = time.Duration(min(*web.TimeoutSeconds, int64(longestTimeout/time.Second))) * time.Second
	}
	base := w.Network.client(web.Insecure != nil && *web.Insecure, request.Body != nil ||
		request.URL.User != nil || request.URL.RawQuery != "" || secretive(web.Headers, web.Authentication), timeout)
	if _, signs := sigv4(web.Authentication); signs {
		return nil, errors.New("web.authentication.sigv4 is not supported: use oauth2 or headers")
	}
	client, err := authenticated(ctx, base, web.Authentication)
	if err != nil {
		return nil, err
	}
	body, err := ask(client, request)
	if refused := (refusal{}); errors.As(err, &refused) {
		return nil, fmt.Errorf("received non 2xx response code: %d", refused.code)
	}
	return body, err
}

func requestOf(ctx context.Context, web *v1alpha1.WebMetric) (*http.Request, error) {
	method := string(web.Method)
	if method == "" {
		method = http.MethodGet
	}
	content, err := contentOf(web)
	switch {
	case err != nil:
		return nil, err
	case method != http.MethodGet && method != http.MethodPost && method != http.MethodPut:
		return nil, fmt.Errorf("web.method: %q is none of GET, POST and PUT", method)
	case content != nil && method == http.MethodGet:
		return nil, errors.New("Body/JSONBody can only be used with POST or PUT WebMetric Method types")
	}
	var body io.Reader
	if content != nil {
		body = bytes.NewReader(content)
	}
	request, err := http.NewRequestWithContext(ctx, method, web.URL, body)
	if err != nil {
		return nil, err
	}
	if request.URL.Scheme != "http" && request.URL.Scheme != "https" {
		return nil, errors.New("web.url is no http or https URL")
	}
	if len(web.JSONBody.Raw) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, header := range web.Headers {
		request.Header.Set(header.Key, header.Value)
	}
	return request, nil
}

// contentOf is the body to send, nil where there is none.
func contentOf(web *v1alpha1.WebMetric) ([]byte, error) {
	switch {
	case web.Body != "" && len(web.JSONBody.Raw) > 0:
		return nil, errors.New("use either Body or JSONBody; both cannot exists for WebMetric payload")
	case web.Body != "":
		return []byte(web.Body), nil
	case len(web.JSONBody.Raw) > 0:
		return web.JSONBody.Raw, nil
	default:
		return nil, nil
	}
}
