// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// transports connect to the host of a repository or registry, and to the others that it
// names: those get nothing that authenticates unless the request says so.
func transports(at location, request Request) (own, other *http.Transport, err error) {
	given := request.Credentials
	if own, err = newTransport(given); err != nil {
		return nil, nil, err
	}
	stranger := Credentials{Secret: given.Secret, Proxy: given.Proxy, NoProxy: given.NoProxy}
	if request.PassCredentials {
		stranger = given
	}
	if other, err = newTransport(stranger); err != nil {
		return nil, nil, err
	}
	// Behind a proxy it is the proxy that decides, and may itself be at such an address.
	environment := httpproxy.FromEnvironment()
	if given.Proxy == "" && environment.HTTPProxy == "" && environment.HTTPSProxy == "" {
		other.DialContext = (&net.Dialer{Timeout: 10 * time.Second, Control: outsideOnly(at)}).DialContext
	}
	return own, other, nil
}

// outsideOnly keeps a repository from naming addresses that only this machine reaches, unless
// the repository is itself at one.
func outsideOnly(at location) func(network, address string, c syscall.RawConn) error {
	if own, err := netip.ParseAddr(at.host); err == nil && own.IsLoopback() {
		return nil
	}
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return errors.New("an address cannot be read")
		}
		ip := to.Addr().Unmap()
		if ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast() {
			return failure(Invalid, "the server names an address of this machine: it is not asked")
		}
		return nil
	}
}

// byHost sends requests to one host by own, and all others by other.
type byHost struct {
	host       string
	own, other http.RoundTripper
}

// RoundTrip sends a request.
func (b byHost) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == b.host {
		return b.own.RoundTrip(r)
	}
	return b.other.RoundTrip(r)
}
