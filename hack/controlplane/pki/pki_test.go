// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/x509"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/util/cert"
)

func TestAuthority(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	authority, err := LoadAuthority(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadAuthority(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	if !authority.cert.Equal(again.cert) {
		t.Error("a second load made another authority")
	}
	other, err := LoadAuthority(dir, "proxy-ca")
	if err != nil {
		t.Fatal(err)
	}

	for name, test := range map[string]struct {
		subject Subject
		usage   x509.ExtKeyUsage
	}{
		"a client's certificate carries its groups": {
			Subject{User: "admin", Groups: []string{"masters"}}, x509.ExtKeyUsageClientAuth,
		},
		"a server's certificate is valid for a host": {
			Subject{User: "server", Hosts: []string{"localhost"}}, x509.ExtKeyUsageServerAuth,
		},
		"a server's certificate is valid for an address": {
			Subject{User: "server", Hosts: []string{"127.0.0.1"}}, x509.ExtKeyUsageServerAuth,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pair, err := again.Issue(test.subject)
			if err != nil {
				t.Fatal(err)
			}
			certs, err := cert.ParseCertsPEM(pair.Cert)
			if err != nil {
				t.Fatal(err)
			}
			leaf := certs[0]
			if leaf.Subject.CommonName != test.subject.User || !cmp.Equal(leaf.Subject.Organization, test.subject.Groups) {
				t.Errorf("subject is %s", leaf.Subject)
			}
			if err := verify(leaf, authority, test.usage); err != nil {
				t.Error(err)
			}
			if err := verify(leaf, other, test.usage); err == nil {
				t.Error("another authority accepts it")
			}
			for _, host := range test.subject.Hosts {
				if err := leaf.VerifyHostname(host); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func verify(leaf *x509.Certificate, authority *Authority, usage x509.ExtKeyUsage) error {
	roots := x509.NewCertPool()
	roots.AddCert(authority.cert)
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}})
	return err
}
