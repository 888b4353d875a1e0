// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

const hookSecret = "shared"

func signedHeader(event, body, secret string) http.Header {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(body))
	header := http.Header{}
	header.Set("X-GitHub-Event", event)
	header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	return header
}

func TestParsePush(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("ab", 20)
	body := `{"ref":"refs/heads/main","after":"` + id + `","repository":{"html_url":"https://h/a",
		"clone_url":"https://h/a.git",
		"ssh_url":"git@h:a.git"}}`
	t.Run("a signed push is read", func(t *testing.T) {
		t.Parallel()
		got, err := source.ParsePush(signedHeader("push", body, hookSecret), []byte(body), []byte(hookSecret))
		want := source.Push{
			URLs: []string{"https://h/a.git", "https://h/a", "git@h:a.git"}, Ref: "refs/heads/main", After: id,
		}
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	unsigned := http.Header{"X-Github-Event": {"push"}}
	for sentence, test := range map[string]struct {
		header       http.Header
		body, secret string
		want         error
	}{
		"a push without a signature is refused": {unsigned, body, hookSecret, source.ErrSignature},
		"a push with another secret is refused": {
			signedHeader("push", body, "other"), body, hookSecret, source.ErrSignature},
		"a push with another body is refused": {
			signedHeader("push", body, hookSecret), body + " ", hookSecret, source.ErrSignature},
		"without a secret nothing is accepted": {signedHeader("push", body, ""), body, "", source.ErrSignature},
		"nonsense is not parsed before the check": {
			signedHeader("push", "{", "other"), "{", hookSecret, source.ErrSignature},
		"a ping is told apart": {
			signedHeader("ping", "{}", hookSecret), "{}", hookSecret, source.ErrNotPush},
		"a signed payload without fields is no push": {signedHeader("push", "{}", hookSecret), "{}", hookSecret, nil},
		"a signed payload of another type is no push": {
			signedHeader("push", `{"repository":[]}`, hookSecret), `{"repository":[]}`, hookSecret, nil},
		"a signed null is no push": {signedHeader("push", "null", hookSecret), "null", hookSecret, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			_, err := source.ParsePush(test.header, []byte(test.body), []byte(test.secret))
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestPushesOfTheServer(t *testing.T) {
	t.Parallel()
	pushes := make(chan source.Push, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		push, err := source.ParsePush(r.Header, body, []byte(hookSecret))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		pushes <- push
	}))
	t.Cleanup(hook.Close)
	w := newWorld(t, gitserver.Options{Webhook: hook.URL, WebhookSecret: hookSecret}, source.Options{})
	r := w.create(nil)
	check := func(ref, after string) {
		t.Helper()
		push := <-pushes
		if push.Ref != ref || push.After != after || !source.SameRepository(push.URLs[0], r.URL()) {
			t.Fatalf("got %+v, want %s at %s", push, ref, after)
		}
	}
	check("refs/heads/main", r.push(gitserver.Commit{Files: map[string]string{"a": "1"}}))
	pushed := r.push(gitserver.Commit{Files: map[string]string{"a b": "2"}, Remove: []string{"a"}})
	check("refs/heads/main", pushed)
	r.do(r.Branch(t.Context(), "topic", pushed))
	check("refs/heads/topic", pushed)
	r.do(r.Delete(t.Context(), "refs/heads/topic"))
	check("refs/heads/topic", strings.Repeat("0", 40))

	clone := t.TempDir()
	for _, args := range [][]string{
		{"clone", "--quiet", r.URL(), clone},
		{"-C", clone, "push", "--quiet", "origin", "HEAD:refs/heads/by-client"},
	} {
		if out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	check("refs/heads/by-client", pushed)
}
