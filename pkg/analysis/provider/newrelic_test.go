// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"strings"
	"testing"
)

func TestNewRelicMeasures(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ exchange, condition, asked, want string }{
		"a row, by a name":        {"one", `result.successRate >= 95`, `{query: "SELECT percentage(count(*), WHERE error IS false) AS successRate FROM Transaction"}`, `Successful {"successRate":99.5} `},
		"a row, by a dotted name": {"dotted", `result["average.duration"] < 0.2`, `{query: "SELECT average(duration) FROM Transaction"}`, `Failed {"average.duration":0.25} `},
		"rows":                    {"many", `len(result) == 2 && all(result, .count > 2)`, `{query: "SELECT count(*) FROM Transaction FACET appName", timeout: 30}`, `Successful [{"appName":"a","count":3,"facet":"a"},`},
		"no row":                  {"none", `true`, `{query: "SELECT count(*) FROM Nothing"}`, `Error  no results returned from NRQL query`},
		"an error in 200":         {"error", `true`, `{query: SELECT}`, `Error  graphql: NRQL Syntax Error: Error at line 1 position 6`},
		"a refusal, keyless":      {"denied", `true`, `{query: SELECT 1}`, `Error  received authentication error response code: 401 {"errors": [{"message": "***** is not a key"}]}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := replay(t, "newrelic/"+tc.exchange)
			account := secret("argocd", "newrelic", "personal-api-key", "the-api-key", "account-id", "1234567",
				"base-url-nerdgraph", server.URL+"/graphql")
			metric := metricOf(t, fmt.Sprintf(`{name: m, successCondition: %q, provider: {newRelic: %s}}`, tc.condition, tc.asked))
			measured := NewRelic{Network: here(), Accounts: accounts(account)}.Measure(t.Context(), tenant(), metric)
			if got := told(measured); !strings.HasPrefix(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func TestNewRelicIsNotAsked(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ asked, want string }{
		"without a key":             {`{query: q, profile: keyless}`, `the Secret with the account has no personal-api-key`},
		"for an account of a name":  {`{query: q, profile: named}`, `the account-id of the Secret with the account is no number`},
		"in a region that is none":  {`{query: q, profile: mars}`, `the region of the Secret with the account is none of us, eu and staging`},
		"with a negative time":      {`{query: q, profile: us, timeout: -1}`, `newRelic.timeout must not be negative`},
		"by another's account":      {`{query: q, profile: private}`, `the Secret "private" with the account is not in the namespace of the analysis: create it there`},
		"at the metadata of clouds": {`{query: q, profile: metadata}`, errOwnAddress.Error()},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metric := metricOf(t, `{name: m, provider: {newRelic: `+tc.asked+`}}`)
			newRelic := NewRelic{Accounts: accounts(
				secret("team", "keyless", "account-id", "1"), secret("team", "named", "account-id", "x", "personal-api-key", "kkk"),
				secret("team", "us", "account-id", "1", "personal-api-key", "kkk"),
				secret("team", "mars", "account-id", "1", "personal-api-key", "kkk", "region", "mars"),
				secret("team", "metadata", "account-id", "1", "personal-api-key", "kkk", "base-url-nerdgraph", "http://169.254.169.254/graphql"),
				secret("argocd", "private", "account-id", "1", "personal-api-key", "kkk"),
			)}
			if got := told(newRelic.Measure(t.Context(), tenant(), metric)); !strings.HasPrefix(got, "Error") || !strings.HasSuffix(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func TestRegionsOfNewRelic(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"": "https://api.newrelic.com/graphql", "US": "https://api.newrelic.com/graphql", "eu": "https://api.eu.newrelic.com/graphql",
	} {
		if got, err := nerdGraph(account{"region": region}); err != nil || got != want {
			t.Errorf("%q: %s, %v", region, got, err)
		}
	}
}
