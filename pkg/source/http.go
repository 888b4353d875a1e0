// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

const (
	infoRefs   = "/info/refs"
	uploadPack = "git-upload-pack"
	userAgent  = "git/2.0 (capstan)"

	proxyRefused = "the proxy asks for a user and a password, or refuses those that it got: check proxy in the " +
		"repository Secret"
)

// httpRemote speaks Git's smart protocol over HTTP.
type httpRemote struct {
	client      *http.Client
	objects     *http.Client // for objects of LFS on this server
	others      *http.Client // for those on other servers
	base        string
	moved       atomic.Pointer[string] // where the server redirected to, on the same host
	credentials Credentials
	app         *app                   // where its tokens authenticate
	token       atomic.Pointer[string] // the last one that was sent
	bounds      limits
}

func newHTTPRemote(at location, raw string, credentials Credentials, bounds limits) (*httpRemote, error) {
	own, other, err := transports(at, Request{Credentials: credentials})
	if err != nil {
		return nil, err
	}
	// Each hop of a download is looked at.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	base, err := url.Parse(raw)
	if err != nil {
		return nil, failure(Invalid, "is not a URL")
	}
	if credentials.Password != "" && credentials.Username == "" {
		credentials.Username = at.user
	}
	base.User, base.Host = nil, location{host: at.host, port: at.port}.authority()
	return &httpRemote{
		client:      &http.Client{Transport: own, CheckRedirect: sameHostOnly},
		objects:     &http.Client{Transport: own, CheckRedirect: stay},
		others:      &http.Client{Transport: other, CheckRedirect: stay},
		base:        strings.TrimRight(base.String(), "/"),
		credentials: credentials,
		bounds:      bounds,
	}, nil
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
	response, err := h.do(ctx, http.MethodPost, h.place()+"/"+uploadPack, body)
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

// place is where the repository is, after redirects on its host.
func (h *httpRemote) place() string {
	if moved := h.moved.Load(); moved != nil {
		return *moved
	}
	return h.base
}

func (h *httpRemote) do(ctx context.Context, method, to string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(body))
	if err != nil {
		return nil, failure(Invalid, "the URL cannot be asked")
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-"+uploadPack+"-request")
		request.Header.Set("Accept", "application/x-"+uploadPack+"-result")
	}
	return h.send(request)
}

// send asks the server with what authenticates.
func (h *httpRemote) send(request *http.Request) (*http.Response, error) {
	request.Header.Set("User-Agent", userAgent)
	if err := h.authorize(request); err != nil {
		return nil, err
	}
	response, err := h.client.Do(request)
	if err != nil {
		return nil, h.failed(err)
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, h.refused(request.Context(), response.StatusCode)
	}
	return response, nil
}

func (h *httpRemote) authorize(request *http.Request) error {
	c := h.credentials
	switch {
	case h.app != nil:
		token, err := h.app.get(request.Context())
		if err != nil {
			return err
		}
		h.token.Store(&token)
		request.SetBasicAuth(tokenUser, token)
	case c.BearerToken != "" && (c.Password == "" || !c.ForceBasic):
		request.Header.Set("Authorization", "Bearer "+c.BearerToken)
	case c.Password != "" || c.Username != "":
		request.SetBasicAuth(c.basicUser(), c.Password)
	}
	return nil
}

func (h *httpRemote) refused(ctx context.Context, status int) error {
	if token := h.token.Load(); token != nil && status == http.StatusUnauthorized {
		h.app.forget(ctx, *token)
	}
	switch {
	case (status == http.StatusUnauthorized || status == http.StatusForbidden) && h.credentials.anonymous():
		return failure(Unauthorized, "the server asks for credentials (status %d): add a repository Secret, "+
			"and check that the URL is right", status)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return failure(Unauthorized, "the server refused the credentials (%s, status %d): check that they are "+
			"valid and may read this repository", h.credentials, status)
	case status == http.StatusProxyAuthRequired:
		return failure(Unreachable, proxyRefused)
	case status == http.StatusNotFound || status == http.StatusGone:
		return failure(NotFound, "the server has no such repository, or hides it from these credentials (%s): "+
			"check the URL", h.credentials)
	default:
		return failure(Unreachable, "the server answered with status %d", status)
	}
}

// failed makes the error of a request one that is safe to show and says what to do.
func (h *httpRemote) failed(err error) error { return transportError(err, h.sent()) }

// sent is what authenticates requests: with the token of a GitHub App, where there is one.
func (h *httpRemote) sent() Credentials {
	known := h.credentials
	if token := h.token.Load(); token != nil {
		known.Username, known.Password = tokenUser, *token
	}
	return known
}

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
	case strings.Contains(err.Error(), http.StatusText(http.StatusProxyAuthRequired)):
		return failure(Unreachable, proxyRefused)
	case refusesCertificate(err):
		return failure(Unauthorized, "the server asks for a client certificate, or refuses the one that it got: set "+
			"tlsClientCertData and tlsClientCertKey in the repository Secret")
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
