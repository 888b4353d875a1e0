// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// What ParsePush fails with.
var (
	// ErrSignature: the payload is not signed with the secret.
	ErrSignature = errors.New("the signature in X-Hub-Signature-256 is missing or wrong: check the webhook's secret")
	// ErrNotPush: the event is of another kind, as the one that GitHub sends first.
	ErrNotPush = errors.New("the event in X-GitHub-Event is not push: nothing to do")
)

// Push is what a Git server tells about a push.
type Push struct {
	// URLs are the forms of the repository's URL, to be compared with SameRepository.
	URLs []string
	// Ref is the full name of the reference that changed.
	Ref string
	// After is the commit it names now; zeros where it was deleted.
	After string
}

// ParsePush reads GitHub's payload of a push. Nothing of it is looked at before its
// signature with the secret was found right; an empty secret accepts nothing.
func ParsePush(header http.Header, body, secret []byte) (Push, error) {
	if !signed(header.Get("X-Hub-Signature-256"), body, secret) {
		return Push{}, ErrSignature
	}
	if header.Get("X-GitHub-Event") != "push" {
		return Push{}, ErrNotPush
	}
	var payload struct {
		Ref        string `json:"ref"`
		After      string `json:"after"`
		Repository struct {
			HTML  string `json:"html_url"`
			Clone string `json:"clone_url"`
			SSH   string `json:"ssh_url"`
		} `json:"repository"`
	}
	if err := json.Unmarshal(body, &payload); err != nil {
		return Push{}, errors.New("the payload is not the JSON of a push: set the webhook's content type to application/json")
	}
	push := Push{Ref: payload.Ref, After: strings.ToLower(payload.After)}
	for _, url := range []string{payload.Repository.Clone, payload.Repository.HTML, payload.Repository.SSH} {
		if _, err := parseLocation(url); err == nil {
			push.URLs = append(push.URLs, url)
		}
	}
	_, validID := fullID(push.After)
	switch {
	case len(push.URLs) == 0:
		return Push{}, errors.New("the payload names no repository: repository.clone_url is missing or not a URL")
	case !strings.HasPrefix(push.Ref, "refs/"):
		return Push{}, errors.New("the payload names no reference: ref is missing")
	case !validID:
		return Push{}, errors.New("the payload names no commit: after is missing")
	}
	return push, nil
}

func signed(signature string, body, secret []byte) bool {
	given, found := strings.CutPrefix(signature, "sha256=")
	sum, err := hex.DecodeString(given)
	if !found || err != nil || len(secret) == 0 {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write(body)
	return hmac.Equal(sum, mac.Sum(nil))
}
