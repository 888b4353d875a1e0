// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPrometheusMeasures(t *testing.T) {
	t.Parallel()
	address := startPrometheus(t)
	const pair = `vector(1) or label_replace(vector(2.5), "a", "b", "", "")`
	cases := map[string]struct{ condition, query, more, want string }{
		"a vector":             {`len(result) == 2 && result[0] == 1`, pair, ``, `Successful [1,2.5] `},
		"a scalar":             {`result == 5`, `scalar(vector(5))`, ``, `Successful 5 `},
		"what is not":          {`result[0] > 0.95`, `vector(0.5)`, ``, `Failed [0.5] `},
		"NaN":                  {`isNaN(result[0])`, `vector(0) / 0`, ``, `Successful [NaN] `},
		"a range":              {`len(result) == 5 && all(result, # == 1)`, `vector(1)`, `, rangeQuery: {start: 'now() - duration("2m")', end: now(), step: 30s}`, `Successful [1,1,1,1,1] `},
		"nothing":              {`result[0] > 0.95`, `vector(1) > 2`, ``, `Error [] successCondition: the measured result is empty`},
		"a query that is none": {`true`, `sum(`, ``, `Error  bad_data: invalid parameter "query"`},
		"a text":               {`true`, `"text"`, ``, `Error  unmarshalerDecoder: unexpected value type "string"`},
		"a step that is none":  {`true`, `vector(1)`, `, rangeQuery: {start: now(), end: now(), step: x}`, `Error  failed to parse rangeQuery.step`},
		"a start that is none": {`true`, `vector(1)`, `, rangeQuery: {start: "5", end: now(), step: 1s}`, `Error  failed to parse rangeQuery.start: the expression is a int, not a time`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metric := metricOf(t, fmt.Sprintf(`{name: m, successCondition: %q, provider: {prometheus: {address: %q, query: %q%s}}}`,
				tc.condition, address, tc.query, tc.more))
			if got := told(Prometheus{Network: here()}.Measure(t.Context(), nil, metric)); !strings.HasPrefix(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func TestPrometheusOfTheEnvironment(t *testing.T) {
	t.Parallel()
	var asked http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Clone()
		_, _ = w.Write([]byte(`{"status":"success","data":{"resultType":"scalar","result":[0,"1"]},"warnings":["slow","old"]}`))
	}))
	defer server.Close()
	metric := metricOf(t, `{name: m, provider: {prometheus: {query: up, headers: [{key: X-Scope, value: team}]}}}`)
	measured := Prometheus{Network: here(), Address: server.URL}.Measure(t.Context(), nil, metric)
	if got := told(measured); got != "Successful 1 " {
		t.Error(got)
	}
	if diff := cmp.Diff(map[string]string{"warnings": `"slow", "old"`}, measured.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if asked.Get("X-Scope") != "team" {
		t.Error("the header of the metric was not sent")
	}
	if diff := cmp.Diff(map[string]string{resolvedQuery: "up"}, (Prometheus{}).Describe(metric)); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
}

func TestPrometheusIsNotAsked(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ metric, want string }{
		"without an address":      {`{}`, `prometheus address is not configured`},
		"by what is no address":   {`{address: prometheus}`, `prometheus address is not is url format`},
		"by a file":               {`{address: "file:///etc/passwd"}`, `prometheus address is not is url format`},
		"with a negative time":    {`{address: "http://p", timeout: -1}`, `prometheus timeout should not be negative`},
		"signed for AWS":          {`{address: "http://p", authentication: {sigv4: {region: r}}}`, errNotManaged.Error()},
		"with half of a grant":    {`{address: "http://p", authentication: {oauth2: {tokenUrl: "http://t"}}}`, `authentication.oauth2 needs clientId and clientSecret`},
		"at this machine":         {`{address: "http://127.0.0.1:1", query: up}`, errOwnAddress.Error()},
		"at the cloud's metadata": {`{address: "http://169.254.169.254", query: up}`, errOwnAddress.Error()},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metric := metricOf(t, `{name: m, provider: {prometheus: `+tc.metric+`}}`)
			if got := told(Prometheus{}.Measure(t.Context(), nil, metric)); !strings.HasPrefix(got, "Error") || !strings.HasSuffix(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}
