// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"strings"
	"testing"
)

func TestGraphiteMeasures(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ exchange, condition, query, want string }{
		"a query in lines":     {"series", `len(result) == 2 && all(result, # >= 90)`, "target=sumSeries(\n  stats.a,\n  stats.b\n)&from=-5min", `Successful [91.500000,90.250000] `},
		"what is not":          {"series", `result[0] < 90`, "target=sumSeries(stats.a,stats.b)&from=-5min&format=png", `Failed [91.500000,90.250000] `},
		"gaps":                 {"gaps", `result[0] > 1`, "target=a", `Error [] successCondition: the measured result is empty`},
		"nothing":              {"none", `true`, "target=a", `Error  no values found`},
		"what is no number":    {"odd", `true`, "target=a", `Error  a data point of the answer has no number`},
		"a query that is none": {"error", `true`, "target=sum(", `Error  received non 2xx response code: 400 Invalid target: sum(`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := replay(t, "graphite/"+tc.exchange)
			metric := metricOf(t, fmt.Sprintf(`{name: m, successCondition: %q, provider: {graphite: {address: %q, query: %q}}}`,
				tc.condition, server.URL+"/graphite/", tc.query))
			if got := told(Graphite{Network: here()}.Measure(t.Context(), nil, metric)); !strings.HasPrefix(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func TestGraphiteIsNotAsked(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ asked, want string }{
		"without an address":         {`{query: target=a}`, `graphite.address is no http or https URL`},
		"with a query as an address": {`{address: "http://g?a=b", query: target=a}`, `graphite.address has a query or a fragment: leave it out`},
		"by half of an escape":       {`{address: "http://g", query: "target=%a"}`, `graphite.query: invalid URL escape "%a"`},
		"at this machine":            {`{address: "http://127.0.0.1:1", query: target=a}`, errOwnAddress.Error()},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metric := metricOf(t, `{name: m, provider: {graphite: `+tc.asked+`}}`)
			if got := told(Graphite{}.Measure(t.Context(), nil, metric)); !strings.HasPrefix(got, "Error") || !strings.HasSuffix(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}
