// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"crypto/x509"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWavefrontMeasures(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		exchange, condition, want string
		metadata                  map[string]string
	}{
		"the sample nearest to now": {"one", `result >= 0.7`, `Successful 0.75 `, map[string]string{"timestamps": "1772366395", "drift": "-5", "warnings": "beta function"}},
		"several series":            {"many", `result[0] >= 0.95`, `Failed [0.75,1.00] `, map[string]string{"timestamps": "[1772366395,1772366410]", "drift": "[-5,10]"}},
		"nothing":                   {"none", `true`, `Error  the answer has no series`, nil},
		"a series of nothing":       {"pointless", `true`, `Error  a series of the answer has no data points`, nil},
		"a refusal, tokenless":      {"denied", `true`, `Error  received authentication error response code: 403 {"status": {"result": "ERROR", "message": "***** is unknown", "code": 403}}`, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewTLSServer(replayer(t, "wavefront/"+tc.exchange))
			t.Cleanup(server.Close)
			network := here()
			network.Roots = x509.NewCertPool()
			network.Roots.AddCert(server.Certificate())
			host := strings.TrimPrefix(server.URL, "https://")
			metric := metricOf(t, fmt.Sprintf(`{name: m, successCondition: %q, provider: {wavefront: {address: %q, query: 'ts("istio.requestcount.count")'}}}`,
				tc.condition, host))
			account := secret("argocd", "wavefront-api-tokens", host, "the-token")
			measured := Wavefront{Network: network, Accounts: accounts(account), Clock: recorded()}.Measure(t.Context(), tenant(), metric)
			if got := told(measured); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
			if diff := cmp.Diff(tc.metadata, measured.Metadata); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWavefrontIsNotAsked(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ asked, want string }{
		"without an address":                 {`{query: q}`, `wavefront.address is missing`},
		"at an address of which no token is": {`{query: q, address: evil.example.com}`, `the Secret with the account has no evil.example.com`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metric := metricOf(t, `{name: m, provider: {wavefront: `+tc.asked+`}}`)
			wavefront := Wavefront{Clock: recorded(), Accounts: accounts(secret("argocd", "wavefront-api-tokens", "good.example.com", "ttt"))}
			if got := told(wavefront.Measure(t.Context(), tenant(), metric)); got != "Error  "+tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}
