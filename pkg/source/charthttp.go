// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// maxIndexBytes bounds an index.yaml: reading one takes many times its size.
const maxIndexBytes = 24 << 20

// httpCharts is a chart repository over HTTP. Its credentials stay with its own host unless
// the source says otherwise.
type httpCharts struct {
	owner       *charts
	base        *url.URL
	credentials Credentials
	pass        bool
	own, other  *http.Client

	mu    sync.Mutex // held while the index is asked for
	index *chartIndex
	asked time.Time
	tag   string
}

func newHTTPCharts(at location, request Request, owner *charts) (*httpCharts, error) {
	base, err := url.Parse(at.scheme + "://" + location{host: at.host, port: at.port}.authority() + at.path)
	if err != nil {
		return nil, failure(Invalid, "the URL is not one")
	}
	h := &httpCharts{owner: owner, base: base, credentials: request.Credentials, pass: request.PassCredentials}
	own, other, err := transports(at, request)
	if err != nil {
		return nil, err
	}
	// Each hop of a redirect is looked at.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	h.own = &http.Client{Transport: own, CheckRedirect: stay}
	h.other = &http.Client{Transport: other, CheckRedirect: stay}
	return h, nil
}

// resolve finds a version by an index that is not older than asked for.
func (h *httpCharts) resolve(ctx context.Context, chart, revision string, notBefore time.Time) (chartVersion, error) {
	index, err := h.current(ctx, notBefore)
	if err != nil {
		return chartVersion{}, err
	}
	versions, found := index.Charts[chart]
	if !found {
		return chartVersion{}, failure(NotFound, "the repository has no chart of this name")
	}
	return choose(versions, revision)
}

func (h *httpCharts) current(ctx context.Context, notBefore time.Time) (*chartIndex, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.index != nil && h.asked.After(notBefore) {
		return h.index, nil
	}
	now := h.owner.owner.options.Clock.Now()
	content, tag, err := h.get(ctx, h.base.JoinPath("index.yaml"), h.tag, maxIndexBytes)
	if err != nil {
		return nil, err
	}
	if content == nil && h.index != nil {
		h.asked = now
		return h.index, nil
	}
	if err = h.owner.parsing.Acquire(ctx, 1); err != nil {
		return nil, failure(Unreachable, "gave up waiting for another index: %w", err)
	}
	defer h.owner.parsing.Release(1)
	index, err := parseIndex(content)
	if err != nil {
		return nil, err
	}
	h.index, h.tag, h.asked = index, tag, now
	return index, nil
}

// fetch gets the archive from the first location that has it.
func (h *httpCharts) fetch(ctx context.Context, _ string, wanted chartVersion) ([]byte, error) {
	const most = 3
	err := error(failure(Invalid, "the index says of no place where the chart is"))
	for _, place := range wanted.Locations[:min(len(wanted.Locations), most)] {
		address, parseErr := url.Parse(place)
		if parseErr != nil {
			err = failure(Invalid, "the index says that the chart is at %q, which is no URL", printable(redacted(place)))
			continue
		}
		if !address.IsAbs() {
			// As a reference that begins at the repository, whose URL is that of a directory.
			base := *h.base
			base.Path = strings.TrimRight(base.Path, "/") + "/"
			address = base.ResolveReference(address)
		}
		var content []byte
		if content, _, err = h.get(ctx, address, "", h.owner.owner.bounds.file); err == nil {
			return content, nil
		}
	}
	return nil, err
}

// get follows redirects, and decides at each hop who is asked and with what. It returns no
// content where the tag is still that of the content.
func (h *httpCharts) get(ctx context.Context, address *url.URL, tag string, most int64) ([]byte, string, error) {
	const hops = 5
	for range hops {
		response, err := h.ask(ctx, address, tag)
		if err != nil {
			return nil, "", err
		}
		if next := response.Header.Get("Location"); next != "" && response.StatusCode/100 == 3 {
			_ = response.Body.Close()
			to, err := address.Parse(next)
			if err != nil {
				return nil, "", failure(Unreachable, "the server redirects to what is no URL")
			}
			if address.Scheme == "https" && to.Scheme != "https" {
				return nil, "", failure(Unreachable, "the server redirects from https to %s", printable(to.Scheme))
			}
			address = to
			continue
		}
		return h.body(response, most)
	}
	return nil, "", failure(Unreachable, "the server redirects more than %d times", hops)
}

func (h *httpCharts) ask(ctx context.Context, address *url.URL, tag string) (*http.Response, error) {
	if address.Scheme != "https" && address.Scheme != "http" {
		return nil, failure(Invalid, "the repository names a place with the scheme %q: only https and http are fetched",
			printable(address.Scheme))
	}
	asked := *address
	asked.User = nil
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, asked.String(), nil)
	if err != nil {
		return nil, failure(Invalid, "the URL cannot be asked")
	}
	request.Header.Set("User-Agent", "Helm/4 (capstan)")
	if tag != "" {
		request.Header.Set("If-None-Match", tag)
	}
	client, mine := h.other, asked.Scheme == h.base.Scheme && asked.Host == h.base.Host
	if mine {
		client = h.own
	}
	if mine || h.pass {
		h.authorize(request)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, transportError(err, h.credentials)
	}
	return response, nil
}

func (h *httpCharts) authorize(request *http.Request) {
	switch {
	case h.credentials.BearerToken != "":
		request.Header.Set("Authorization", "Bearer "+h.credentials.BearerToken)
	case h.credentials.Username != "" || h.credentials.Password != "":
		request.SetBasicAuth(h.credentials.Username, h.credentials.Password)
	}
}

func (h *httpCharts) body(response *http.Response, most int64) ([]byte, string, error) {
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		return nil, "", nil
	default:
		return nil, "", chartStatus(response.StatusCode, h.credentials)
	}
	content, err := io.ReadAll(&limitedReader{r: response.Body, left: most, what: "the answer of the repository is"})
	if err != nil {
		return nil, "", transportError(err, h.credentials)
	}
	return content, response.Header.Get("ETag"), nil
}

func chartStatus(status int, credentials Credentials) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return failure(Unauthorized, "the server refused (%s, status %d): check the repository Secret", credentials, status)
	case http.StatusProxyAuthRequired:
		return failure(Unreachable, proxyRefused)
	case http.StatusNotFound, http.StatusGone:
		return failure(NotFound, "the server has no such chart or repository (%s): check the URL and the chart", credentials)
	}
	return failure(Unreachable, "the server answered with status %d", status)
}

// hexDigest returns a digest of an index as plain hexadecimal.
func hexDigest(text string) string { return strings.ToLower(strings.TrimPrefix(text, "sha256:")) }
