// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// newClient returns an HTTP client of one server, with what the credentials say about
// reaching it. What authenticates is not sent by it.
func newClient(credentials Credentials) (*http.Client, error) {
	transport, err := newTransport(credentials)
	if err != nil {
		return nil, err
	}
	return &http.Client{CheckRedirect: sameHostOnly, Transport: transport}, nil
}

// newTransport connects as the credentials say.
func newTransport(credentials Credentials) (*http.Transport, error) {
	config, err := tlsConfig(credentials)
	if err != nil {
		return nil, err
	}
	proxy, err := credentials.httpProxy()
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy:                 proxy,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       config,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   2,
		ForceAttemptHTTP2:     true,
	}, nil
}

func tlsConfig(credentials Credentials) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: credentials.Insecure}
	if credentials.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(credentials.CA)) {
			return nil, failure(Invalid, "the CA bundle for this host in ConfigMap argocd-tls-certs-cm holds no certificate")
		}
	}
	if credentials.TLSClientCert != "" || credentials.TLSClientKey != "" {
		pair, err := tls.X509KeyPair([]byte(credentials.TLSClientCert), []byte(credentials.TLSClientKey))
		if err != nil {
			return nil, failure(Invalid, "Secret %s: tlsClientCertData and tlsClientCertKey are not a certificate "+
				"and its key in PEM", credentials.Secret)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// redirectError is a redirect that is not followed.
type redirectError struct{ to string }

func (e *redirectError) Error() string {
	return "the server redirects to " + e.to + ": write that host's URL in the source and in its repository Secret"
}

// sameHostOnly follows redirects on one host alone: neither credentials nor the rules
// about which hosts a project may use survive a change of host.
func sameHostOnly(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	upgrade := first.Scheme == "http" && next.URL.Scheme == "https" &&
		first.Host == first.Hostname() && next.URL.Host == next.URL.Hostname()
	if first.Hostname() != next.URL.Hostname() ||
		!upgrade && (first.Scheme != next.URL.Scheme || first.Host != next.URL.Host) {
		return &redirectError{to: printable(next.URL.Scheme + "://" + next.URL.Host)}
	}
	if len(via) > 5 {
		return errors.New("the server redirects more than 5 times")
	}
	return nil
}

// refusesCertificate tells whether the server ended a handshake because of our certificate.
func refusesCertificate(err error) bool {
	var from *net.OpError
	return errors.As(err, &from) && from.Op == "remote error" && strings.Contains(from.Err.Error(), "certificate")
}
