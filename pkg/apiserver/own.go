// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"crypto/subtle"
	"net/http"

	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/capstan-dev/capstan/pkg/registry"
)

// withOwn marks the requests that carry the token that this process made for itself. It has to look before
// authentication, which takes the header off; the name that comes of it anybody may impersonate who has that right.
func withOwn(next http.Handler, token string) http.Handler {
	expected := []byte("Bearer " + token)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		given := []byte(req.Header.Get("Authorization"))
		impersonates := req.Header.Get(authenticationv1.ImpersonateUserHeader) != ""
		if token != "" && !impersonates && subtle.ConstantTimeCompare(given, expected) == 1 {
			req = req.WithContext(registry.WithOwn(req.Context()))
		}
		next.ServeHTTP(w, req)
	})
}
