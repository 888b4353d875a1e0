// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"io"
	"net/http"
)

// largestAnswer is how much of an answer is read. What a condition needs is far smaller.
const largestAnswer = 1 << 20

// bounded lets nobody read more of an answer.
type bounded struct {
	next http.RoundTripper
}

// RoundTrip sends a request.
func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = &boundedBody{ReadCloser: response.Body, left: largestAnswer}
	return response, nil
}

// boundedBody fails where the bound is passed: a part of an answer is not what was measured.
type boundedBody struct {
	io.ReadCloser
	left int
}

// Read reads.
func (b *boundedBody) Read(into []byte) (int, error) {
	if len(into) > b.left+1 {
		into = into[:b.left+1]
	}
	count, err := b.ReadCloser.Read(into)
	if b.left -= count; b.left < 0 {
		return 0, fmt.Errorf("the answer is larger than %d bytes", largestAnswer)
	}
	return count, err
}
