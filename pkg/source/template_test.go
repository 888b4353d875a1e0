// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// Of the templates that cover a URL the one with the longest prefix opens it, and what it
// holds arrives at the server.
func TestTemplates(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	w := newWorld(t, gitserver.Options{}, source.Options{})
	var mu sync.Mutex
	came := map[string]string{} // by path, the password of the last request
	port := ca.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, given, _ := r.BasicAuth()
		mu.Lock()
		came[strings.TrimSuffix(r.URL.Path, "/info/refs")] = given
		mu.Unlock()
		w.server.ServeHTTP(rw, r)
	}), nil)
	at := "https://127.0.0.1:" + port
	secrets := []*corev1.Secret{
		secret("host", "repo-creds", "url", at, "password", "host"),
		secret("team", "repo-creds", "url", at+"/team", "password", "team"),
		secret("app", "repo-creds", "url", at+"/team/app", "password", "app"),
		secret("scoped", "repo-creds", "url", at+"/team/app/scoped", "password", "scoped", "project", "other"),
		secret("plain", "repo-creds", "url", "http://127.0.0.1:"+port+"/team/app/scoped", "password", "plain"),
		secret("own", "repository", "url", at+"/team/app/own", "password", "own"),
		secret("bare", "repository", "url", at+"/team/app/bare", "insecure", "true"),
	}
	trust := source.TrustFrom(nil, certificatesMap("127.0.0.1", ca.bundle()))
	want := map[string]string{
		"/else/a": "host", "/team": "team", "/team/b": "team", "/team/app": "app", "/team/app/c": "app",
		"/team/app/scoped": "app", "/team/app/own": "own", "/team/app/bare": "app", "/TEAM/Upper": "team",
	}
	for path := range want {
		url := at + path
		if _, err := w.server.Create(t.Context(), strings.Trim(path, "/"), map[string]string{"a": path}); err != nil {
			t.Fatal(err)
		}
		credentials, err := source.CredentialsFrom(secrets, url, "mine")
		if err != nil {
			t.Fatal(err)
		}
		snapshot := w.snapshot(source.Request{URL: url, Credentials: credentials.Trusting(trust, url)})
		if content, err := snapshot.Tree.Read("a"); err != nil || string(content) != path {
			t.Errorf("%s: got %q, %v", path, content, err)
		}
	}
	got := map[string]string{}
	for path := range want {
		got[path] = came[path]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the passwords that came (-want +got):\n%s", diff)
	}
}
