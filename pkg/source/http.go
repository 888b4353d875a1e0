// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"
)

const (
	infoRefs   = "/info/refs"
	uploadPack = "git-upload-pack"
)

// httpRemote speaks Git's smart protocol over HTTP.
type httpRemote struct {
	client      *http.Client
	base        string
	moved       atomic.Pointer[string] // where the server redirected to, on the same host
	user        string
	credentials Credentials
	bounds      limits
}

func newHTTPRemote(at location, raw string, credentials Credentials, bounds limits) (*httpRemote, error) {
	config, err := tlsConfig(credentials)
	if err != nil {
		return nil, err
	}
	proxy, err := proxyFunc(credentials)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(raw)
	if err != nil {
		return nil, failure(Invalid, "is not a URL")
	}
	base.User, base.Host = nil, location{host: at.host, port: at.port}.authority()
	return &httpRemote{
		client: &http.Client{
			CheckRedirect: sameHostOnly,
			Transport: &http.Transport{
				Proxy:                 proxy,
				DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
				TLSClientConfig:       config,
				TLSHandshakeTimeout:   10 * time.Second,
				ResponseHeaderTimeout: time.Minute,
				IdleConnTimeout:       90 * time.Second,
				MaxIdleConnsPerHost:   2,
				ForceAttemptHTTP2:     true,
			},
		},
		base:        strings.TrimRight(base.String(), "/"),
		user:        at.user,
		credentials: credentials,
		bounds:      bounds,
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

func proxyFunc(credentials Credentials) (func(*http.Request) (*url.URL, error), error) {
	if credentials.Proxy == "" {
		return http.ProxyFromEnvironment, nil
	}
	if u, err := url.Parse(credentials.Proxy); err != nil || u.Host == "" {
		return nil, failure(Invalid, "Secret %s: proxy is not a URL", credentials.Secret)
	}
	config := httpproxy.Config{
		HTTPProxy: credentials.Proxy, HTTPSProxy: credentials.Proxy, NoProxy: credentials.NoProxy,
	}
	choose := config.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }, nil
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

func (h *httpRemote) refs(ctx context.Context) (*refs, error) {
	response, err := h.do(ctx, http.MethodGet, h.base+infoRefs+"?service="+uploadPack, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.Header.Get("Content-Type") != "application/x-"+uploadPack+"-advertisement" {
		return nil, failure(Unreachable, "the server does not answer as a Git server: check the URL")
	}
	if base, found := strings.CutSuffix(response.Request.URL.Scheme+"://"+response.Request.URL.Host+
		response.Request.URL.EscapedPath(), infoRefs); found {
		h.moved.Store(&base)
	}
	found, err := readRefs(&limitedReader{r: response.Body, left: h.bounds.refs, what: "the list of references is"})
	return found, h.failed(err)
}

func (h *httpRemote) pack(ctx context.Context, request packRequest) (io.ReadCloser, error) {
	body, err := request.encode()
	if err != nil {
		return nil, err
	}
	base := h.base
	if moved := h.moved.Load(); moved != nil {
		base = *moved
	}
	response, err := h.do(ctx, http.MethodPost, base+"/"+uploadPack, body)
	if err != nil {
		return nil, err
	}
	pack, err := readPack(response.Body)
	if err != nil {
		_ = response.Body.Close()
		return nil, h.failed(err)
	}
	return &packReader{r: pack, close: response.Body.Close, clean: h.failed}, nil
}

func (h *httpRemote) do(ctx context.Context, method, to string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(body))
	if err != nil {
		return nil, failure(Invalid, "the URL cannot be asked")
	}
	request.Header.Set("User-Agent", "git/2.0 (capstan)")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-"+uploadPack+"-request")
		request.Header.Set("Accept", "application/x-"+uploadPack+"-result")
	}
	h.authorize(request)
	response, err := h.client.Do(request)
	if err != nil {
		return nil, h.failed(err)
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, h.refused(response.StatusCode)
	}
	return response, nil
}

func (h *httpRemote) authorize(request *http.Request) {
	c := h.credentials
	switch {
	case c.BearerToken != "":
		request.Header.Set("Authorization", "Bearer "+c.BearerToken)
	case c.Password != "" || c.Username != "":
		if c.Username == "" {
			c.Username = h.user
		}
		request.SetBasicAuth(c.basicUser(), c.Password)
	}
}

func (h *httpRemote) refused(status int) error {
	switch {
	case (status == http.StatusUnauthorized || status == http.StatusForbidden) && h.credentials.anonymous():
		return failure(Unauthorized, "the server asks for credentials (status %d): add a repository Secret, "+
			"and check that the URL is right", status)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return failure(Unauthorized, "the server refused the credentials (%s, status %d): check that they are "+
			"valid and may read this repository", h.credentials, status)
	case status == http.StatusNotFound || status == http.StatusGone:
		return failure(NotFound, "the server has no such repository, or hides it from these credentials (%s): "+
			"check the URL", h.credentials)
	default:
		return failure(Unreachable, "the server answered with status %d", status)
	}
}

// failed makes the error of a request one that is safe to show and says what to do.
func (h *httpRemote) failed(err error) error { return transportError(err, h.credentials) }

func transportError(err error, credentials Credentials) error {
	var known *Error
	var redirect *redirectError
	var refused *refusedError
	var unknownCA x509.UnknownAuthorityError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.As(err, &redirect):
		return failure(Unreachable, "%w", redirect)
	case errors.As(err, &refused):
		return failure(NotFound, "%w", &refusedError{text: credentials.scrub(refused.text)})
	case errors.As(err, &unknownCA):
		return failure(Unreachable, "the server's certificate is of an unknown authority: add the CA to "+
			"ConfigMap argocd-tls-certs-cm under the host's name")
	default:
		return failure(Unreachable, "the server cannot be reached: %w", clean(err, credentials))
	}
}

// packReader is a pack on its way from a server; its errors are safe to show.
type packReader struct {
	r     io.Reader
	close func() error
	clean func(error) error
	ended bool
}

func (p *packReader) Read(b []byte) (int, error) {
	if p.ended {
		// Past the end the other side may be waiting for us.
		return 0, io.EOF
	}
	n, err := p.r.Read(b)
	p.ended = errors.Is(err, io.EOF)
	if err != nil && !errors.Is(err, io.EOF) {
		err = p.clean(fmt.Errorf("while reading objects: %w", err))
	}
	return n, err
}

func (p *packReader) Close() error { return p.close() }
