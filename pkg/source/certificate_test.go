// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// anywhere is an address that leads to this machine and is not one of those that are
// never reached through a proxy.
const anywhere = "0.0.0.0"

// authority issues certificates that only those trust who trust it.
type authority struct {
	*testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{T: t}
	a.certificate, a.key = a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

// sign completes a template; the first one is signed by its own key.
func (a *authority) sign(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.certificate, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		a.Fatal(err)
	}
	return certificate, key
}

// issue returns the certificate and the key, in PEM, of a server and client of these names.
func (a *authority) issue(names ...string) (certificate, key string) {
	a.Helper()
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: names[0]},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		if address, err := netip.ParseAddr(name); err == nil {
			template.IPAddresses = append(template.IPAddresses, net.IP(address.AsSlice()))
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	signed, private := a.sign(template)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		a.Fatal(err)
	}
	return inPEM("CERTIFICATE", signed.Raw), inPEM("PRIVATE KEY", der)
}

// bundle is the authority's own certificate.
func (a *authority) bundle() string { return inPEM("CERTIFICATE", a.certificate.Raw) }

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// serve answers over TLS under any of the names that tests use, and returns the port. It
// asks for a certificate of the authority of clients where there is one.
func (a *authority) serve(handler http.Handler, clients *authority) (port string) {
	a.Helper()
	pair, err := tls.X509KeyPair(both(a.issue("127.0.0.1", anywhere, "git.invalid")))
	if err != nil {
		a.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	if clients != nil {
		server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		server.TLS.ClientCAs.AddCert(clients.certificate)
	}
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	a.Cleanup(server.Close)
	_, port, err = net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		a.Fatal(err)
	}
	return port
}

func both(certificate, key string) ([]byte, []byte) { return []byte(certificate), []byte(key) }

// certificatesMap is the ConfigMap that Argo CD keeps CAs in, with one for a host.
func certificatesMap(host, bundle string) *corev1.ConfigMap {
	return &corev1.ConfigMap{Data: map[string]string{host: bundle}}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t), newAuthority(t)
	w := newWorld(t, gitserver.Options{}, source.Options{})
	r := w.create(map[string]string{"a": "1"})
	open, closed := ours.serve(w.server, nil), ours.serve(w.server, other)
	mine, key := other.issue("client")
	foreign, foreignKey := ours.issue("client")

	for sentence, test := range map[string]struct {
		port   string
		host   string
		data   []string
		trust  *corev1.ConfigMap
		reason source.Reason
		says   string
	}{
		"the host's CA of the ConfigMap is trusted": {
			port: open, trust: certificatesMap("127.0.0.1", ours.bundle())},
		"the CA of another host is not": {
			port: open, trust: certificatesMap("example.com", ours.bundle()), reason: source.Unreachable,
			says: "argocd-tls-certs-cm"},
		"a CA that did not sign is not": {
			port: open, trust: certificatesMap("127.0.0.1", other.bundle()), reason: source.Unreachable,
			says: "argocd-tls-certs-cm"},
		"without any, the error says where to put it": {
			port: open, reason: source.Unreachable, says: "argocd-tls-certs-cm"},
		"a CA that is none is told": {
			port: open, trust: certificatesMap("127.0.0.1", "nonsense"), reason: source.Invalid,
			says: "argocd-tls-certs-cm holds no certificate"},
		"a certificate for another name is refused": {
			port: open, host: "127.0.0.2", trust: certificatesMap("127.0.0.2", ours.bundle()), reason: source.Unreachable,
			says: "127.0.0.2"},
		"insecure accepts any certificate": {port: open, data: []string{"insecure", "true"}},
		"a client certificate opens what asks for one": {
			port: closed, trust: certificatesMap("127.0.0.1", ours.bundle()),
			data: []string{"tlsClientCertData", mine, "tlsClientCertKey", key}},
		"a client certificate goes with insecure": {
			port: closed, data: []string{"insecure", "true", "tlsClientCertData", mine, "tlsClientCertKey", key}},
		"without one, the error says where to put it": {
			port: closed, trust: certificatesMap("127.0.0.1", ours.bundle()), reason: source.Unauthorized,
			says: "tlsClientCertData"},
		"one that the server does not accept is told": {
			port: closed, trust: certificatesMap("127.0.0.1", ours.bundle()), reason: source.Unauthorized,
			data: []string{"tlsClientCertData", foreign, "tlsClientCertKey", foreignKey}, says: "tlsClientCertData"},
		"one with the key of another is no pair": {
			port: closed, reason: source.Invalid,
			data: []string{"tlsClientCertData", mine, "tlsClientCertKey", foreignKey}, says: "Secret argocd/s"},
		"one without its key is no pair": {
			port: closed, reason: source.Invalid, data: []string{"tlsClientCertData", mine}, says: "Secret argocd/s"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			if test.host == "" {
				test.host = "127.0.0.1"
			}
			url := "https://" + test.host + ":" + test.port + "/team/app.git"
			secrets := []*corev1.Secret{secret("s", "repository", append(test.data, "url", url)...)}
			credentials, err := source.CredentialsFrom(secrets, url, "")
			if err != nil {
				t.Fatal(err)
			}
			request := source.Request{URL: url, Credentials: credentials.Trusting(source.TrustFrom(nil, test.trust), url)}
			tw := w.as(t)
			if test.reason == "" {
				r.as(t).same(tw.snapshot(request))
				return
			}
			says := tw.fails(request, test.reason)
			if !strings.Contains(says, test.says) || strings.Contains(says, "PRIVATE KEY") {
				t.Errorf("got %q, want %q", says, test.says)
			}
		})
	}
}
