// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// site answers as the tests need it.
func site(t *testing.T) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(path, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	answer("/json", `{"data": {"ok": true, "rate": 0.25, "none": null, "list": [{"n": 1}, {"n": 2}]}}`)
	answer("/text", "all is well")
	answer("/large", `"`+strings.Repeat("x", largestAnswer)+`"`)
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s %s", r.Method, r.Header.Get("Content-Type"), r.Header.Get("X-Key"), body)
	})
	mux.HandleFunc("/down", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.Handle("/round", http.RedirectHandler("/round", http.StatusFound))
	mux.Handle("/moved", http.RedirectHandler("/text", http.StatusFound))
	return mux
}

func TestWebMeasures(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(site(t))
	t.Cleanup(server.Close)
	elsewhere := httptest.NewServer(http.RedirectHandler(server.URL+"/text", http.StatusFound))
	t.Cleanup(elsewhere.Close)
	cases := map[string]struct{ condition, url, more, want string }{
		"a field":              {`result.ok && result.rate < 0.5`, "/json", `jsonPath: "{$.data}"`, `Successful {"list":[{"n":1},{"n":2}],"none":null,"ok":true,"rate":0.25} `},
		"a number":             {`result >= 0.5`, "/json", `jsonPath: "{$.data.rate}"`, `Failed 0.25 `},
		"the whole answer":     {`len(result.data.list) == 2`, "/json", ``, `Successful {"data":`},
		"the first of a list":  {`result == 1`, "/json", `jsonPath: "{$.data.list[*].n}"`, `Successful 1 `},
		"a filter":             {`result == 2`, "/json", `jsonPath: "{$.data.list[?(@.n == 2.0)].n}"`, `Successful 2 `},
		"null":                 {`default(result, 7) == 7`, "/json", `jsonPath: "{$.data.none}"`, `Successful null `},
		"what is not there":    {`true`, "/json", `jsonPath: "{$.data.rates}"`, `Error  Could not find JSONPath in body: rates is not found`},
		"a path that is none":  {`true`, "/json", `jsonPath: "{$.data"`, `Error  jsonPath: unclosed action`},
		"a path that explodes": {`true`, "/json", `jsonPath: "{$..n..n..n..n}"`, `Error  ` + errWidePath.Error()},
		"a path of lists":      {`true`, "/json", `jsonPath: "{$.data.list[0,0][0,0][0,0]}"`, `Error  ` + errWidePath.Error()},
		"a path without end":   {`true`, "/json", `jsonPath: "{$` + strings.Repeat(".a", 1000) + `}"`, `Error  jsonPath has more than 1000 characters`},
		"a text":               {`result contains "well"`, "/text", ``, `Successful all is well `},
		"what a redirect says": {`result contains "well"`, "/moved", `headers: [{key: X-Key, value: k}]`, `Successful all is well `},
		"a body":               {`true`, "/echo", `method: POST, body: text, headers: [{key: X-Key, value: k}]`, `Successful POST  k text `},
		"a body of JSON":       {`true`, "/echo", `method: PUT, jsonBody: {a: 1.0}`, `Successful PUT application/json  {"a":1} `},
		"two bodies":           {`true`, "/echo", `method: PUT, body: a, jsonBody: {}`, `Error  use either Body or JSONBody; both cannot exists for WebMetric payload`},
		"a body to get":        {`true`, "/echo", `body: a`, `Error  Body/JSONBody can only be used with POST or PUT WebMetric Method types`},
		"an unknown method":    {`true`, "/echo", `method: DELETE`, `Error  web.method: "DELETE" is none of GET, POST and PUT`},
		"a server that is ill": {`true`, "/down", ``, `Error  received non 2xx response code: 503`},
		"what is too large":    {`true`, "/large", ``, `Error  read the answer: the answer is larger than 1048576 bytes`},
		"what takes too long":  {`true`, "/slow", `timeoutSeconds: 1`, `Error  Get "` + server.URL + `/slow": `},
		"redirects in a round": {`true`, "/round", ``, `Error  Get "/round": ` + errRedirects.Error()},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metric := metricOf(t, fmt.Sprintf(`{name: m, successCondition: '%s', provider: {web: {url: %q, %s}}}`,
				tc.condition, server.URL+tc.url, tc.more))
			if got := told(Web{here()}.Measure(t.Context(), nil, metric)); !strings.HasPrefix(got, tc.want) {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
	t.Run("another host, told nothing that authenticates", func(t *testing.T) {
		t.Parallel()
		open := metricOf(t, `{name: m, provider: {web: {url: "`+elsewhere.URL+`"}}}`)
		if got := told(Web{here()}.Measure(t.Context(), nil, open)); got != "Successful all is well " {
			t.Error(got)
		}
		for _, secret := range []string{`headers: [{key: X-Key, value: k}]`, `method: PUT, body: b`} {
			closed := metricOf(t, `{name: m, provider: {web: {url: "`+elsewhere.URL+`", `+secret+`}}}`)
			if got := told(Web{here()}.Measure(t.Context(), nil, closed)); !strings.HasSuffix(got, errElsewhere.Error()) {
				t.Errorf("with %s: %s", secret, got)
			}
		}
	})
}

func TestWebOverTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(site(t))
	t.Cleanup(server.Close)
	for insecure, want := range map[string]string{"true": "Successful all is well ", "false": "Error  Get "} {
		metric := metricOf(t, `{name: m, provider: {web: {url: "`+server.URL+`/text", insecure: `+insecure+`}}}`)
		if got := told(Web{here()}.Measure(t.Context(), nil, metric)); !strings.HasPrefix(got, want) {
			t.Errorf("insecure %s: %s, want %s", insecure, got, want)
		}
	}
}

func TestWebWithAToken(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token": "%s-%s-%s", "token_type": "bearer"}`, id, secret, r.FormValue("scope"))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.Header.Get("Authorization"))) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	metric := metricOf(t, `{name: m, provider: {web: {url: "`+server.URL+`", authentication: {oauth2: {
	  tokenUrl: "`+server.URL+`/token", clientId: me, clientSecret: s3cret, scopes: [a, b]}}}}}`)
	if got := told(Web{here()}.Measure(t.Context(), nil, metric)); got != "Successful Bearer me-s3cret-a b " {
		t.Error(got)
	}
}

func TestOwnAddressesAreNotAsked(t *testing.T) {
	t.Parallel()
	refused := []string{
		"127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "169.254.169.254", "[fe80::1]", "localhost",
		"[fd00:ec2::254]", "100.100.100.200", "168.63.129.16", "192.0.0.192", "224.0.0.1",
	}
	for _, host := range refused {
		metric := metricOf(t, `{name: m, provider: {web: {url: "http://`+host+`:1/"}}}`)
		if got := told(Web{}.Measure(t.Context(), nil, metric)); !strings.Contains(got, errOwnAddress.Error()) {
			t.Errorf("%s: %s", host, got)
		}
	}
	for _, address := range []string{"10.96.0.1:443", "192.168.1.1:80", "[fd00::1]:80", "203.0.113.1:80"} {
		if err := (Network{}).outside("tcp", address, nil); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestTimeoutsAreBounded(t *testing.T) {
	t.Parallel()
	if got := here().client(false, false, time.Hour).Timeout; got != longestTimeout {
		t.Errorf("a timeout of an hour became %s", got)
	}
}
