// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// Neither a request nor what authenticates it goes to where a server sends it, be it with
// the query for references or with that for objects.
func TestRedirectsToOtherServers(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	certificate, key := ca.issue("client")
	w := newWorld(t, gitserver.Options{}, source.Options{})
	w.create(map[string]string{"a": "1"})

	var stolen atomic.Int64
	steal := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) })
	plain := httptest.NewServer(steal)
	t.Cleanup(plain.Close)
	overTLS := ca.serve(steal, ca)

	for target, thief := range map[string]string{
		"to another port":          "https://127.0.0.1:" + overTLS,
		"to another host":          "https://" + anywhere + ":" + overTLS,
		"to a server without TLS":  plain.URL,
		"to a name with a user":    "https://reader:s3cret@git.invalid",
		"to a file of this server": "file:///etc",
	} {
		for method, code := range map[string]int{http.MethodGet: http.StatusFound, http.MethodPost: http.StatusTemporaryRedirect} {
			port := ca.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.Method != method {
					w.server.ServeHTTP(rw, r)
					return
				}
				http.Redirect(rw, r, thief+r.URL.Path+"?service=git-upload-pack&token=s3cret", code)
			}), nil)
			url := "https://127.0.0.1:" + port + "/team/app.git"
			for kind, credentials := range map[string]source.Credentials{
				"nobody":        {},
				"a password":    {Username: "reader", Password: "s3cret"},
				"a token":       {BearerToken: "s3cret"},
				"a certificate": {TLSClientCert: certificate, TLSClientKey: key},
			} {
				t.Run(target+", of "+kind+" by "+method, func(t *testing.T) {
					t.Parallel()
					credentials.Insecure = true
					says := w.as(t).fails(source.Request{URL: url, Credentials: credentials}, source.Unreachable)
					if stolen.Load() != 0 || !strings.Contains(says, "redirects to") || strings.Contains(says, "s3cret") {
						t.Errorf("%d requests to the other server, error %q", stolen.Load(), says)
					}
				})
			}
		}
	}
}
