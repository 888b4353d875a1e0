// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"strings"
	"testing"
)

func TestSkyWalkingMeasures(t *testing.T) {
	t.Parallel()
	const query = `query q($duration: Duration!) { service_apdex: readMetricsValues(condition: {name: "service_apdex"}, duration: $duration) { values { values { value } } } }`
	const value = `{"service_apdex":{"values":{"values":[{"value":9900},{"value":10000}]}}}`
	cases := map[string]struct{ exchange, condition, want string }{
		"the data of the answer": {"apdex", `all(result.service_apdex.values.values, {asFloat(.value) >= 9900})`, `Successful ` + value + ` `},
		"what is not":            {"apdex", `all(result.service_apdex.values.values, {asFloat(.value) > 9900})`, `Failed ` + value + ` `},
		"an error in 200":        {"error", `true`, `Error  graphql: Validation error of type FieldUndefined`},
		"nothing":                {"nothing", `true`, `Error  graphql: the answer has no data`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := replay(t, "skywalking/"+tc.exchange)
			metric := metricOf(t, fmt.Sprintf(`{name: m, successCondition: %q, provider: {skywalking: {interval: 3m, address: %q, query: %q}}}`,
				tc.condition, server.URL, query))
			if got := told(SkyWalking{Network: here(), Clock: recorded()}.Measure(t.Context(), nil, metric)); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func TestSkyWalkingIsNotAsked(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ asked, want string }{
		"without an address":   {`{query: q}`, `skywalking.address is no http or https URL`},
		"of a time that is no": {`{address: "http://s", query: q, interval: x}`, `skywalking.interval: time: invalid duration "x"`},
		"at this machine":      {`{address: "http://localhost:1", query: q}`, errOwnAddress.Error()},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metric := metricOf(t, `{name: m, provider: {skywalking: `+tc.asked+`}}`)
			got := told(SkyWalking{Clock: recorded()}.Measure(t.Context(), nil, metric))
			if !strings.HasPrefix(got, "Error") || !strings.HasSuffix(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}
