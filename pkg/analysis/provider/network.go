// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"
)

const (
	dialTimeout = 10 * time.Second
	// longestTimeout bounds what a metric may ask for: who waits takes room from others of the namespace.
	longestTimeout = 5 * time.Minute
	mostRedirects  = 10
)

var (
	errOwnAddress = errors.New("the address is one of this machine or of its cloud's metadata: it is not asked")
	errElsewhere  = errors.New("the server redirects to another host, which is not told what authenticates: " +
		"name that host in the metric")
	errRedirects = errors.New("the server redirects without end")
)

// Network is what requests go through.
type Network struct {
	// Loopback lets requests reach this machine, which tests need.
	Loopback bool
	// Roots are the certificate authorities to trust; nil are those of the system.
	Roots *x509.CertPool
}

// client returns a client for the requests of one measurement. Without secrets it follows redirects anywhere.
func (n Network) client(insecure, secrets bool, timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:   min(timeout, longestTimeout),
		Transport: bounded{n.transport(insecure)},
		CheckRedirect: func(next *http.Request, sent []*http.Request) error {
			first := sent[0].URL
			switch {
			case len(sent) >= mostRedirects:
				return errRedirects
			case secrets && (next.URL.Scheme != first.Scheme || next.URL.Host != first.Host):
				return errElsewhere
			default:
				return nil
			}
		},
	}
}

// transport sends requests, by the environment's proxy where it is for them. What a proxy reaches is its own affair.
func (n Network) transport(insecure bool) http.RoundTripper {
	made := func(control func(string, string, syscall.RawConn) error) *http.Transport {
		return &http.Transport{
			DialContext:            (&net.Dialer{Timeout: dialTimeout, Control: control}).DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: n.Roots, InsecureSkipVerify: insecure},
			TLSHandshakeTimeout:    dialTimeout,
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
		}
	}
	proxied := made(nil)
	environment := httpproxy.FromEnvironment().ProxyFunc()
	proxied.Proxy = http.ProxyFromEnvironment
	return routes{direct: made(n.outside), proxied: proxied, proxy: func(r *http.Request) bool {
		found, err := environment(r.URL)
		return err == nil && found != nil
	}}
}

// routes sends requests directly or by a proxy.
type routes struct {
	direct, proxied http.RoundTripper
	proxy           func(*http.Request) bool
}

// RoundTrip sends a request.
func (r routes) RoundTrip(request *http.Request) (*http.Response, error) {
	if r.proxy(request) {
		return r.proxied.RoundTrip(request)
	}
	return r.direct.RoundTrip(request)
}

// outside refuses connections to this machine, to its link, and to where clouds keep credentials of machines.
// Addresses within the cluster are what analyses usually ask.
func (n Network) outside(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return errOwnAddress
	}
	ip := to.Addr().Unmap()
	if ip.IsLoopback() && n.Loopback {
		return nil
	}
	if ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast() ||
		slices.Contains(metadataServers, ip.WithZone("")) {
		return errOwnAddress
	}
	return nil
}

// metadataServers are those that no other rule names: of AWS by IPv6, Alibaba, Azure and Oracle.
var metadataServers = []netip.Addr{ //nolint:gochecknoglobals // a constant in all but the word
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"),
	netip.MustParseAddr("168.63.129.16"), netip.MustParseAddr("192.0.0.192"),
}
