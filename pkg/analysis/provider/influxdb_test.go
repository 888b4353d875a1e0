// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"strings"
	"testing"
)

func TestInfluxDBMeasures(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ exchange, condition, want string }{
		"values of all tables":   {"values", `result[0] <= 0.02 && isNil(result[1]) && result[2] == 0.002 && result[3] == 42 && result[4] == 7`, `Successful [0.015 <nil> 0.002 42 7] `},
		"what is not":            {"values", `result[0] <= 0.01`, `Failed [0.015 <nil> 0.002 42 7] `},
		"nothing":                {"nothing", `true`, `Error  no results returned from flux query`},
		"an error after values":  {"late_error", `true`, `Error  the query failed: the bucket went away`},
		"an error without types": {"bare_error", `true`, `Error  the query failed: the bucket went away`},
		"what is no number":      {"odd", `true`, `Error  a value of the answer is no double: strconv.ParseFloat: parsing "much": invalid syntax`},
		"a refusal, tokenless":   {"denied", `true`, `Error  received authentication error response code: 401 {"code": "unauthorized", "message": "***** is not authorized"}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := replay(t, "influxdb/"+tc.exchange)
			account := secret("argocd", "influxdb", "address", server.URL+"/", "authToken", "the-token", "org", "my org")
			metric := metricOf(t, fmt.Sprintf(`{name: m, successCondition: %q, provider: {influxdb: {query: 'from(bucket: "app")'}}}`, tc.condition))
			measured := InfluxDB{Network: here(), Accounts: accounts(account)}.Measure(t.Context(), tenant(), metric)
			if got := told(measured); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func TestInfluxDBIsNotAsked(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ profile, want string }{
		"without an organization": {`orgless`, `the Secret with the account has no org`},
		"by another's account":    {`private`, `the Secret "private" with the account is not in the namespace of the analysis: create it there`},
		"at this machine":         {`machine`, errOwnAddress.Error()},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			influx := InfluxDB{Accounts: accounts(
				secret("team", "orgless", "address", "http://i", "authToken", "ttt"),
				secret("team", "machine", "address", "http://[::1]:1", "authToken", "ttt", "org", "o"),
				secret("argocd", "private", "address", "http://i", "authToken", "ttt", "org", "o"),
			)}
			metric := metricOf(t, `{name: m, provider: {influxdb: {query: q, profile: `+tc.profile+`}}}`)
			if got := told(influx.Measure(t.Context(), tenant(), metric)); !strings.HasPrefix(got, "Error") || !strings.HasSuffix(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func FuzzFluxIsReadOrRefused(f *testing.F) {
	f.Add([]byte("#datatype,string,long,double\n,result,table,_value\n,,0,1\n\n,error,reference\n,x,1\n"))
	f.Add([]byte("#default,a\n#"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		if values, err := readFlux(answer); err != nil && values != nil {
			t.Errorf("%v and %v", values, err)
		}
	})
}
