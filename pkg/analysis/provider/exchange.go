// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// refusal is an answer that says that something is wrong.
type refusal struct {
	code int
	body string
}

// Error says it in the words of the peer.
func (r refusal) Error() string {
	problem := "non 2xx"
	if r.code == http.StatusUnauthorized || r.code == http.StatusForbidden {
		problem = "authentication error"
	}
	return strings.TrimSpace(fmt.Sprintf("received %s response code: %d %s", problem, r.code, r.body))
}

// ask returns the body of an answer that says all is well; another is a refusal.
func ask(client *http.Client, request *http.Request) ([]byte, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode < 200 || response.StatusCode >= 300 {
		return nil, refusal{response.StatusCode, string(body)}
	}
	return body, nil
}

// askJSON decodes the JSON of an answer that says all is well.
func askJSON(client *http.Client, request *http.Request, into any) error {
	body, err := ask(client, request)
	if err != nil {
		return err
	}
	if err = json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	return nil
}

// post returns a request that sends JSON.
func post(ctx context.Context, address string, content any) (*http.Request, error) {
	body, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	return request, nil
}

// get returns a request for an address with a query.
func get(ctx context.Context, address string, query url.Values) (*http.Request, error) {
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
}

// base returns the address of a server without the slash at its end.
func base(field, address string) (string, error) {
	at, err := url.Parse(address)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return "", fmt.Errorf("%s is no http or https URL", field)
	}
	if at.RawQuery != "" || at.Fragment != "" {
		return "", errors.New(field + " has a query or a fragment: leave it out")
	}
	return strings.TrimSuffix(address, "/"), nil
}

// durationOf reads a duration that a metric may name; it must be above 0.
func durationOf(field string, text v1alpha1.DurationString, absent time.Duration) (time.Duration, error) {
	if text == "" {
		return absent, nil
	}
	duration, err := text.Duration()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", field, err)
	}
	if duration <= 0 {
		return 0, fmt.Errorf("%s must be above 0, such as 5m", field)
	}
	return duration, nil
}
