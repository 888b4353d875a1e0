// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDatadogMeasures(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ exchange, condition, asked, want string }{
		"the last sample":      {"v1", `result < 0.001`, `{query: "avg:system.cpu.user{*}", interval: 10m}`, `Successful 0.0006332881882246533 `},
		"what is not":          {"v1", `result > 0.001`, `{apiVersion: v1, query: "avg:system.cpu.user{*}", interval: 10m}`, `Failed 0.0006332881882246533 `},
		"nothing":              {"v1_empty", `result < 1`, `{query: "avg:none{*}"}`, `Error [] successCondition: the measured result is empty`},
		"nothing by default":   {"v1_empty", `default(result, 0) < 1`, `{query: "avg:none{*}"}`, `Successful [] `},
		"a gap, which is no 0": {"v1_gap", `default(result, 7) == 7`, `{query: "avg:gap{*}"}`, `Successful [] `},
		"an error in 200":      {"v1_error", `true`, `{query: "avg:"}`, `Error  the query failed: Error parsing query: unable to parse avg:`},
		"a refusal, keyless":   {"v1_denied", `true`, `{query: "avg:a{*}"}`, `Error  received authentication error response code: 403 {"errors": ["the key ***** may not do that", "nor may *****"]}`},
		"a number of v2":       {"v2", `result < 0.05`, `{apiVersion: v2, query: "avg:system.cpu.user{*}"}`, `Successful 0.006121374442186943 `},
		"a formula": {
			"v2_formula", `result < 0.3`, `{apiVersion: v2, interval: 1m, aggregator: sum, formula: a / b,
			queries: {b: "sum:requests{*}.as_count()", a: "sum:requests.errors{*}.as_count()"}}`, `Successful 0.25 `,
		},
		"groups":           {"v2_groups", `max(result) < 0.1`, `{apiVersion: v2, query: "sum:errors{*} by {env,path}"}`, `Failed [0.01,0.2] `},
		"nothing of v2":    {"v2_empty", `default(result, 0) < 1`, `{apiVersion: v2, queries: {q: "avg:none{*}"}}`, `Successful [] `},
		"a refusal of v2":  {"v2_error", `true`, `{apiVersion: v2, query: "avg:"}`, `Error  received non 2xx response code: 400 {"errors": ["Failed to parse query"]}`},
		"a slow condition": {"v2", `repeat("a", 9) == ""`, `{apiVersion: v2, query: "avg:system.cpu.user{*}"}`, `Error 0.006121374442186943 successCondition: unknown name repeat`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := replay(t, "datadog/"+tc.exchange)
			account := secret("argocd", "datadog", "address", server.URL+"/", "api-key", "the-api-key\n", "app-key", "the-app-key")
			metric := metricOf(t, fmt.Sprintf(`{name: m, successCondition: %q, provider: {datadog: %s}}`, tc.condition, tc.asked))
			datadog := Datadog{Network: here(), Accounts: accounts(account), Clock: recorded()}
			if got := told(datadog.Measure(t.Context(), tenant(), metric)); !strings.HasPrefix(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func TestDatadogNamesGroups(t *testing.T) {
	t.Parallel()
	metric := metricOf(t, `{name: m, provider: {datadog: {apiVersion: v2, query: "sum:errors{*} by {env,path}"}}}`)
	server := replay(t, "datadog/v2_groups")
	account := secret("argocd", "datadog", "address", server.URL, "api-key", "the-api-key", "app-key", "the-app-key")
	measured := Datadog{Network: here(), Accounts: accounts(account), Clock: recorded()}.Measure(t.Context(), tenant(), metric)
	want := map[string]string{"groups": `[{"name":"prod,/a","value":0.01},{"name":"test,/a","value":0.2}]`}
	if diff := cmp.Diff(want, measured.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	many := make([]datadogGroup, 1000)
	for i := range many {
		many[i] = datadogGroup{fmt.Sprintf("host-%d", i), float64(i * 7 % 1000)}
	}
	measured = judgedGroups(metric, many)
	var shown []datadogGroup
	if err := json.Unmarshal([]byte(measured.Metadata["groups"]), &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown) != mostGroups || shown[0].Value != 0 || shown[mostGroups-1].Value != 999 || measured.Metadata["groups_truncated"] != "true" {
		t.Errorf("of 1000 groups, both ends are not shown: %v", measured.Metadata)
	}
}

func TestDatadogIsNotAsked(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ asked, want string }{
		"nothing":                  {`{}`, `datadog needs a query, or queries`},
		"two ways":                 {`{query: a, queries: {b: c}}`, `datadog.query and datadog.queries are both set: leave one out`},
		"queries of v1":            {`{queries: {b: c}}`, `datadog.queries needs apiVersion v2: v1 takes a query alone`},
		"a formula of one query":   {`{apiVersion: v2, query: a, formula: b}`, `datadog.formula needs queries that it combines`},
		"queries without formula":  {`{apiVersion: v2, queries: {a: b, c: d}}`, `datadog.queries needs a formula that combines them`},
		"an aggregator of v1":      {`{query: a, aggregator: sum}`, `datadog.aggregator needs apiVersion v2`},
		"a version that is none":   {`{query: a, apiVersion: v3}`, `datadog.apiVersion: "v3" is neither v1 nor v2`},
		"a time that is none":      {`{query: a, interval: x}`, `datadog.interval: time: invalid duration "x"`},
		"a time before now":        {`{query: a, requestTimeout: -1s}`, `datadog.requestTimeout must be above 0, such as 5m`},
		"a Secret without a name":  {`{query: a, secretRef: {namespaced: true}}`, `datadog.secretRef: secret name is required for namespaced credentials`},
		"another's Secret":         {`{query: a, secretRef: {name: others}}`, `the Secret "others" with the account is not in the namespace of the analysis: create it there`},
		"a Secret without keys":    {`{query: a, secretRef: {name: empty}}`, `the Secret with the account has no api-key`},
		"an address of a file":     {`{query: a, secretRef: {name: file}}`, `the address of the Secret with the account is no http or https URL`},
		"an address of the server": {`{query: a, secretRef: {name: inside}}`, errOwnAddress.Error()},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			datadog := Datadog{Clock: recorded(), Accounts: accounts(
				secret("argocd", "datadog", "api-key", "kkk", "app-key", "kkk"), secret("argocd", "others", "api-key", "kkk", "app-key", "kkk"),
				secret("team", "empty"), secret("team", "file", "address", "file:///etc/passwd", "api-key", "kkk", "app-key", "kkk"),
				secret("team", "inside", "address", "http://169.254.169.254", "api-key", "kkk", "app-key", "kkk"),
			)}
			metric := metricOf(t, `{name: m, provider: {datadog: `+tc.asked+`}}`)
			if got := told(datadog.Measure(t.Context(), tenant(), metric)); !strings.HasPrefix(got, "Error") || !strings.HasSuffix(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}
