// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

// answer is what the server said to a request.
type answer struct {
	code   int
	header http.Header
	body   string
}

// ask sends a request to Capstan past the hub's API server, as whoever has the token.
func ask(ctx context.Context, token, method, path, body string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, stage.Capstan.URL()+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/yaml")
	client := http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // loopback.
		DisableKeepAlives: true,
	}}
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close() //nolint:errcheck // it was read from.
	text, err := io.ReadAll(response.Body)
	return answer{code: response.StatusCode, header: response.Header, body: string(text)}, err
}

// events reads an audit log and returns the events that are wanted.
func (s *story) events(log string, wanted func(auditv1.Event) bool) []auditv1.Event {
	s.Helper()
	file, err := os.Open(log)
	s.OK(err)
	defer file.Close() //nolint:errcheck // it was read from.
	var found []auditv1.Event
	for lines := json.NewDecoder(file); ; {
		var event auditv1.Event
		if err := lines.Decode(&event); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			s.Fatalf("%s: %v", log, err)
		}
		if wanted(event) {
			found = append(found, event)
		}
	}
}
