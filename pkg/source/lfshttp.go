// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	lfsType = "application/vnd.git-lfs+json"
	// maxBatchBytes bounds what a server says of one object.
	maxBatchBytes = 1 << 20
	// maxHops bounds the redirects of a download.
	maxHops = 5
)

// batchRequest asks a server of Git LFS where objects are (its Batch API).
type batchRequest struct {
	Operation string    `json:"operation"`
	Transfers []string  `json:"transfers"`
	Objects   []pointer `json:"objects"`
	Algorithm string    `json:"hash_algo"`
}

type batchAnswer struct {
	Objects []struct {
		pointer
		Actions struct {
			Download *lfsAction `json:"download"`
		} `json:"actions"`
		Error *struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	} `json:"objects"`
}

// lfsAction is where an object is, and what to ask for it with.
type lfsAction struct {
	Href   string            `json:"href"`
	Header map[string]string `json:"header"`
}

// object returns what the LFS server of the repository keeps. That is the one beside the repository alone: what a file
// .lfsconfig names would get the credentials of this one.
func (h *httpRemote) object(ctx context.Context, wanted pointer) ([]byte, error) {
	action, err := h.batch(ctx, wanted)
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(action.Href)
	if err != nil {
		return nil, failure(Unreachable, "the server of Git LFS names a place that is no URL")
	}
	for range maxHops {
		response, err := h.download(ctx, address, action.Header)
		if err != nil {
			return nil, err
		}
		next := response.Header.Get("Location")
		if response.StatusCode/100 != 3 || next == "" {
			return h.content(ctx, response, wanted.Size)
		}
		_ = response.Body.Close()
		to, err := address.Parse(next)
		if err != nil {
			return nil, failure(Unreachable, "the server of Git LFS redirects to what is no URL")
		}
		if to.Host != address.Host {
			// What opens one server is not for another.
			action.Header = nil
		}
		address = to
	}
	return nil, failure(Unreachable, "the server of Git LFS redirects more than %d times", maxHops)
}

// batch asks where an object is.
func (h *httpRemote) batch(ctx context.Context, wanted pointer) (lfsAction, error) {
	body, err := json.Marshal(batchRequest{
		Operation: "download", Transfers: []string{"basic"}, Objects: []pointer{wanted}, Algorithm: "sha256",
	})
	if err != nil {
		return lfsAction{}, err
	}
	to := strings.TrimSuffix(h.place(), ".git") + ".git/info/lfs/objects/batch"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return lfsAction{}, failure(Invalid, "the URL cannot be asked")
	}
	request.Header.Set("Content-Type", lfsType)
	request.Header.Set("Accept", lfsType)
	response, err := h.send(request)
	if reasonOf(err) == NotFound {
		return lfsAction{}, failure(NotFound, "the server has no Git LFS for this repository: switch it on there, or remove "+
			"enableLfs from the repository Secret")
	}
	if err != nil {
		return lfsAction{}, err
	}
	defer func() { _ = response.Body.Close() }()
	answer := batchAnswer{}
	said := &limitedReader{r: response.Body, left: maxBatchBytes, what: "the answer of the server of Git LFS is"}
	if err := json.NewDecoder(said).Decode(&answer); err != nil {
		return lfsAction{}, h.failed(err)
	}
	for _, object := range answer.Objects {
		switch {
		case object.ID != wanted.ID:
		case object.Error != nil:
			return lfsAction{}, failure(NotFound, "the server of Git LFS does not give it (code %d): %s", object.Error.Code,
				printable(h.sent().scrub(object.Error.Message)))
		case object.Actions.Download != nil:
			return *object.Actions.Download, nil
		}
	}
	return lfsAction{}, failure(NotFound, "the server of Git LFS does not say where it is: push it with git lfs push")
}

// download asks for an object where it is. Its own server gets what authenticates; another one
// gets what the batch said.
func (h *httpRemote) download(ctx context.Context, at *url.URL, header map[string]string) (*http.Response, error) {
	mine, err := onOwnServer(h.place(), at)
	if err != nil {
		return nil, err
	}
	asked := *at
	asked.User = nil
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, asked.String(), nil)
	if err != nil {
		return nil, failure(Unreachable, "the server of Git LFS names a place that cannot be asked")
	}
	for key, value := range header {
		request.Header.Set(key, value)
	}
	request.Header.Set("User-Agent", userAgent)
	client := h.others
	if mine {
		client = h.objects
		if request.Header.Get("Authorization") == "" {
			if err = h.authorize(request); err != nil {
				return nil, err
			}
		}
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, h.failed(err)
	}
	return response, nil
}

// onOwnServer reports whether an object lies on the server of a repository. It fails where it lies on another one that
// is not to be asked: without TLS that is only where the repository itself is read so.
func onOwnServer(repository string, at *url.URL) (bool, error) {
	own, err := url.Parse(repository)
	switch {
	case err != nil:
		return false, failure(Invalid, "the URL cannot be asked")
	case at.Scheme == own.Scheme && at.Host == own.Host:
		return true, nil
	case at.Scheme == "https" || at.Scheme == "http" && own.Scheme == "http":
		return false, nil
	default:
		return false, failure(Unreachable, "the server of Git LFS names a place with the scheme %q: use https",
			printable(at.Scheme))
	}
}

func (h *httpRemote) content(ctx context.Context, response *http.Response, size int64) ([]byte, error) {
	defer func() { _ = response.Body.Close() }()
	switch status := response.StatusCode; status {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return nil, h.refused(ctx, status)
	default:
		return nil, failure(Unreachable, "the server of Git LFS answered with status %d", status)
	}
	content, err := io.ReadAll(&limitedReader{r: response.Body, left: size, what: "what the server of Git LFS sends is"})
	return content, h.failed(err)
}
