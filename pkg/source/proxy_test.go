// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh/knownhosts"
	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// proxyUser and proxyPassword open a proxy; in a URL the password has to be escaped.
const (
	proxyUser, proxyPassword = "gate", "p@ss/w:rd"
	proxyAccess              = proxyUser + ":p%40ss%2Fw%3Ard@"
)

// httpProxy forwards requests and makes tunnels, and knows every host as this machine.
type httpProxy struct {
	closed             bool
	requests, tunnels  atomic.Int64
	refused, forwarded atomic.Int64 // without the proxy's password; with somebody else's
}

// serveProxy starts a proxy, one that asks for the password where it is closed.
func serveProxy(t *testing.T, closed bool) (proxy *httpProxy, address string) {
	t.Helper()
	proxy = &httpProxy{closed: closed}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return proxy, server.Listener.Addr().String()
}

func here(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return net.JoinHostPort("127.0.0.1", port)
}

func (p *httpProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+proxyPassword))
	if p.closed && r.Header.Get("Proxy-Authorization") != want {
		p.refused.Add(1)
		http.Error(w, "no entry for "+r.Header.Get("Proxy-Authorization"), http.StatusProxyAuthRequired)
		return
	}
	if r.Method == http.MethodConnect {
		if r.Header.Get("Authorization") != "" {
			p.forwarded.Add(1)
		}
		p.tunnels.Add(1)
		p.tunnel(w, r)
		return
	}
	p.requests.Add(1)
	(&httputil.ReverseProxy{Rewrite: func(out *httputil.ProxyRequest) {
		out.Out.URL.Host = here(out.In.Host)
	}}).ServeHTTP(w, r)
}

func (p *httpProxy) tunnel(w http.ResponseWriter, r *http.Request) {
	to, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", here(r.Host))
	if err != nil {
		http.Error(w, "no way", http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	from, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(to, buffered)
		_ = to.Close()
	}()
	_, _ = io.Copy(from, to)
	_ = from.Close()
}

// held are the credentials of a repository Secret with these keys.
func held(t *testing.T, url string, data ...string) source.Credentials {
	t.Helper()
	credentials, err := source.CredentialsFrom(
		[]*corev1.Secret{secret("s", "repository", append(data, "url", url)...)}, url, "")
	if err != nil {
		t.Fatal(err)
	}
	return credentials
}

func TestProxy(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	w := newWorld(t, gitserver.Options{Username: "reader", Password: password}, source.Options{})
	r := w.create(map[string]string{"a": "1"})
	plain := strings.TrimPrefix(w.server.URL(), "http://127.0.0.1:")
	overTLS := ca.serve(w.server, nil)
	trust := source.TrustFrom(nil, certificatesMap("git.invalid", ca.bundle()))

	for sentence, test := range map[string]struct {
		url               string
		closed            bool
		proxy             string // %s is its address
		requests, tunnels bool
		reason            source.Reason
	}{
		"a plain repository is asked for through it": {
			url: "http://git.invalid:" + plain, proxy: "http://%s", requests: true},
		"a plain repository is asked for through one with a password": {
			url: "http://git.invalid:" + plain, closed: true, proxy: "http://" + proxyAccess + "%s", requests: true},
		"a TLS repository is reached by a tunnel": {
			url: "https://git.invalid:" + overTLS, proxy: "http://%s", tunnels: true},
		"a TLS repository is reached by a tunnel with a password": {
			url: "https://git.invalid:" + overTLS, closed: true, proxy: "http://" + proxyAccess + "%s", tunnels: true},
		"its scheme may be left out": {
			url: "https://git.invalid:" + overTLS, closed: true, proxy: proxyAccess + "%s", tunnels: true},
		"a plain repository fails without the password": {
			url: "http://git.invalid:" + plain, closed: true, proxy: "http://%s", reason: source.Unreachable},
		"a tunnel fails without the password": {
			url: "https://git.invalid:" + overTLS, closed: true, proxy: "http://%s", reason: source.Unreachable},
		"a plain repository fails with another password": {
			url: "http://git.invalid:" + plain, closed: true, proxy: "http://gate:s3cret@%s", reason: source.Unreachable},
		"a tunnel fails with another password": {
			url: "https://git.invalid:" + overTLS, closed: true, proxy: "http://gate:s3cret@%s", reason: source.Unreachable},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			proxy, address := serveProxy(t, test.closed)
			url := test.url + "/team/app.git"
			credentials := held(t, url, "username", "reader", "password", password,
				"proxy", strings.ReplaceAll(test.proxy, "%s", address)).Trusting(trust, url)
			request := source.Request{URL: url, Credentials: credentials}
			if test.reason == "" {
				r.as(t).same(w.as(t).snapshot(request))
			} else if says := w.as(t).fails(request, test.reason); !strings.Contains(says, "the proxy asks for") ||
				strings.Contains(says, "s3cret") || strings.Contains(says, password) || strings.Contains(says, "Basic") {
				t.Errorf("got %q", says)
			}
			if (proxy.requests.Load() > 0) != test.requests || (proxy.tunnels.Load() > 0) != test.tunnels {
				t.Errorf("%d requests and %d tunnels", proxy.requests.Load(), proxy.tunnels.Load())
			}
			if (proxy.refused.Load() > 0) != (test.reason != "") || proxy.forwarded.Load() > 0 {
				t.Errorf("refused %d, got the repository's password %d times", proxy.refused.Load(), proxy.forwarded.Load())
			}
		})
	}
}

func TestNoProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	r := w.create(map[string]string{"a": "1"})
	url := strings.Replace(r.URL(), "127.0.0.1", anywhere, 1)
	for sentence, test := range map[string]struct {
		noProxy string
		through bool
	}{
		"without it the proxy is used":             {"", true},
		"a host that it lists is reached directly": {anywhere, false},
		"a list is read at its commas":             {"git.invalid, " + anywhere, false},
		"a network covers its hosts":               {"0.0.0.0/8", false},
		"a star covers every host":                 {"*", false},
		"other hosts go through the proxy":         {"git.invalid,10.0.0.0/8", true},
		"another port goes through the proxy":      {anywhere + ":1", true},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			proxy, address := serveProxy(t, true)
			credentials := held(t, url, "proxy", "http://"+proxyAccess+address, "noProxy", test.noProxy)
			r.as(t).same(w.as(t).snapshot(source.Request{URL: url, Credentials: credentials}))
			if got := proxy.requests.Load() > 0; got != test.through {
				t.Errorf("through the proxy: %t", got)
			}
		})
	}
}

func TestProxiesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := listener.Addr().String()
	_ = listener.Close()
	_, clientKey := newKey(t)
	for sentence, test := range map[string]struct {
		url, proxy string
		reason     source.Reason
	}{
		"one that is gone":                 {"https://git.invalid/a", "http://gate:s3cret@" + gone, source.Unreachable},
		"one that is gone, for SSH":        {"git@git.invalid:a", "socks5://gate:s3cret@" + gone, source.Unreachable},
		"another scheme":                   {"https://git.invalid/a", "ftp://gate:s3cret@h:1", source.Invalid},
		"no host":                          {"https://git.invalid/a", "http://gate:s3cret@:1", source.Invalid},
		"what is not a URL":                {"https://git.invalid/a", "http://gate:s3cret@h:x", source.Invalid},
		"what is not a URL after all":      {"https://git.invalid/a", "gate:s3cret/h:x", source.Invalid},
		"an HTTP proxy for SSH":            {"git@git.invalid:a", "http://gate:s3cret@h:1", source.Invalid},
		"what is not a URL, for SSH":       {"git@git.invalid:a", "socks5://gate:s3cret@h:x", source.Invalid},
		"an HTTP proxy without its scheme": {"git@git.invalid:a", "gate:s3cret@h:1", source.Invalid},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			credentials := held(t, test.url, "proxy", test.proxy, "sshPrivateKey", clientKey,
				"insecureIgnoreHostKey", "true")
			says := w.as(t).fails(source.Request{URL: test.url, Credentials: credentials}, test.reason)
			if strings.Contains(says, "s3cret") || test.reason == source.Invalid && !strings.Contains(says, "Secret argocd/s") {
				t.Errorf("got %q", says)
			}
		})
	}
}

// serveSOCKS is a SOCKS 5 proxy with a password that knows every host as this machine.
func serveSOCKS(t *testing.T) (connections *atomic.Int64, address string) {
	t.Helper()
	connections = &atomic.Int64{}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = client.Close() }()
				if port, ok := greetSOCKS(client); ok {
					connections.Add(1)
					joinSOCKS(t, client, port)
				}
			}()
		}
	}()
	return connections, listener.Addr().String()
}

// greetSOCKS reads a client's password and where it wants to go (RFC 1928 and 1929).
func greetSOCKS(client net.Conn) (port []byte, ok bool) {
	take := func(n int) []byte {
		b := make([]byte, n)
		_, _ = io.ReadFull(client, b)
		return b
	}
	take(int(take(2)[1])) // the methods that the client offers
	_, _ = client.Write([]byte{5, 2})
	user := take(int(take(2)[1]))
	pass := take(int(take(1)[0]))
	if string(user) != proxyUser || string(pass) != proxyPassword {
		_, _ = client.Write([]byte{1, 1})
		return nil, false
	}
	_, _ = client.Write([]byte{1, 0})
	length := 4
	if kind := take(4)[3]; kind == 3 {
		length = int(take(1)[0])
	}
	take(length)
	return take(2), true
}

func joinSOCKS(t *testing.T, client net.Conn, port []byte) {
	t.Helper()
	to, err := (&net.Dialer{}).DialContext(t.Context(), "tcp",
		(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port[0])<<8 | int(port[1])}).String())
	if err != nil {
		return
	}
	defer func() { _ = to.Close() }()
	_, _ = client.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	go func() { _, _ = io.Copy(to, client) }()
	_, _ = io.Copy(client, to)
}

func TestProxyForSSH(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	r := w.create(map[string]string{"a": "1"})
	host, _ := newKey(t)
	client, clientKey := newKey(t)
	_, port, err := net.SplitHostPort(serveSSH(t, host, client.PublicKey()))
	if err != nil {
		t.Fatal(err)
	}
	for sentence, test := range map[string]struct {
		host, scheme, noProxy string
		through               bool
	}{
		"it makes the connection":                  {"git.invalid", "socks5://", "", true},
		"by its other name as well":                {"git.invalid", "socks5h://", "", true},
		"a host of noProxy is reached directly":    {anywhere, "socks5://", anywhere, false},
		"a host that noProxy does not list is not": {anywhere, "socks5://", "git.invalid", true},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			connections, address := serveSOCKS(t)
			at := net.JoinHostPort(test.host, port)
			url := "ssh://git@" + at + r.Dir()
			trust := source.TrustFrom(&corev1.ConfigMap{Data: map[string]string{
				"ssh_known_hosts": "# of " + at + "\n\n" + knownhosts.Line([]string{knownhosts.Normalize(at)}, host.PublicKey()) + "\n",
			}}, nil)
			credentials := held(t, url, "sshPrivateKey", clientKey, "noProxy", test.noProxy,
				"proxy", test.scheme+proxyAccess+address).Trusting(trust, url)
			r.as(t).same(w.as(t).snapshot(source.Request{URL: url, Credentials: credentials}))
			if got := connections.Load() > 0; got != test.through {
				t.Errorf("through the proxy: %t", got)
			}
		})
	}
}
