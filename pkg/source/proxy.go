// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// httpProxy returns how an HTTP client chooses its proxy: as the credentials say, else as
// the environment of the process does.
func (c Credentials) httpProxy() (func(*http.Request) (*url.URL, error), error) {
	if c.Proxy == "" {
		return http.ProxyFromEnvironment, nil
	}
	choose, err := c.proxyFor("http", "https", "socks5", "socks5h")
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }, nil
}

// sshProxy returns the proxy to reach an SSH server through, nil for none.
func (c Credentials) sshProxy(address string) (*url.URL, error) {
	if c.Proxy == "" {
		return nil, nil
	}
	choose, err := c.proxyFor("socks5", "socks5h")
	if err != nil {
		return nil, err
	}
	return choose(&url.URL{Scheme: "https", Host: address})
}

// proxyFor returns the choice between Proxy, which must be of one of the schemes, and none.
func (c Credentials) proxyFor(schemes ...string) (func(*url.URL) (*url.URL, error), error) {
	proxy, err := c.proxyURL()
	if err != nil || proxy.Hostname() == "" || !slices.Contains(schemes, proxy.Scheme) {
		// The parser's own text is not repeated: it could quote a password.
		return nil, failure(Invalid, "Secret %s: proxy is not a URL that can be used here: write %s://host:port",
			c.Secret, strings.Join(schemes, ":// or "))
	}
	config := httpproxy.Config{HTTPProxy: proxy.String(), HTTPSProxy: proxy.String(), NoProxy: c.NoProxy}
	return config.ProxyFunc(), nil
}

// proxyURL is Proxy taken apart; without a scheme it is an HTTP proxy.
func (c Credentials) proxyURL() (*url.URL, error) {
	if strings.Contains(c.Proxy, "://") {
		return url.Parse(c.Proxy)
	}
	return url.Parse("http://" + c.Proxy)
}
