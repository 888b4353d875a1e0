// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
)

// registeredServerIsAsked registers a server that answers everything with the name of the user who asks.
func registeredServerIsAsked(t *testing.T, u user, namespace string) {
	var asked atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/apis/harbor.example.com/v1/whoami" {
			asked.Add(1)
			fmt.Fprintf(w, `{"user":%q}`, r.Header.Get("X-Remote-User")) //nolint:errcheck // the client would miss it.
			return
		}
		_, _ = fmt.Fprint(w, `{"kind":"APIResourceList","apiVersion":"v1",
			"groupVersion":"harbor.example.com/v1","resources":[]}`)
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // A second time changes nothing.
		u.run(t, "register", "--cluster=hub", "--namespace="+namespace, "--service=harbor", "--port="+address.Port())
	}
	u.kubectl(t, "hub", fmt.Sprintf(`
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.harbor.example.com}
spec:
  group: harbor.example.com
  version: v1
  groupPriorityMinimum: 1000
  versionPriority: 10
  insecureSkipTLSVerify: true
  service: {namespace: %s, name: harbor, port: %s}
`, namespace, address.Port()), "apply", "-f-")
	u.kubectl(t, "hub", "", "wait", "--for=condition=Available", "apiservice/v1.harbor.example.com", timeout)
	u.eventually(t, `{"user":"admin"}`, "get", "--raw", "/apis/harbor.example.com/v1/whoami")
	if asked.Load() == 0 {
		t.Error("the server was never asked")
	}
	u.kubectl(t, "hub", "", "delete", "apiservice", "v1.harbor.example.com", timeout)
}
