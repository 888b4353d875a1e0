// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

const password = "correct horse/battery+staple"

func TestCredentials(t *testing.T) {
	t.Parallel()
	private := gitserver.Options{Username: "reader", Password: password}
	good := source.Credentials{Secret: "argocd/team", Username: "reader", Password: password}
	t.Run("open a private repository", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, private, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		r.same(w.snapshot(source.Request{URL: r.URL(), Credentials: good}))
	})
	t.Run("missing, the error says to add a Secret", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, private, source.Options{})
		says := w.fails(w.create(nil).at("main"), source.Unauthorized)
		if !strings.Contains(says, "add a repository Secret") {
			t.Errorf("got %q", says)
		}
	})
	t.Run("wrong, the error names the Secret and not what is in it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, private, source.Options{})
		r := w.create(nil)
		says := w.fails(source.Request{URL: r.URL(), Credentials: source.Credentials{
			Secret: "argocd/team", Username: "reader", Password: "hunter2",
		}}, source.Unauthorized)
		if !strings.Contains(says, "argocd/team") || strings.Contains(says, "hunter2") {
			t.Errorf("got %q", says)
		}
	})
	t.Run("open nothing for those who have others", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, private, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		held := w.snapshot(source.Request{URL: r.URL(), Credentials: good})
		for _, revision := range []string{"main", held.Revision} {
			w.fails(r.at(revision), source.Unauthorized)
		}
	})
	t.Run("in a URL are refused, and not repeated", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, private, source.Options{})
		for _, url := range []string{"https://me:hunter2@example.com/a.git", "https://me:hunter2@exa mple.com/a"} {
			if says := w.fails(source.Request{URL: url}, source.Invalid); strings.Contains(says, "hunter2") {
				t.Errorf("got %q", says)
			}
		}
	})
	t.Run("are not in any printed form", func(t *testing.T) {
		t.Parallel()
		all := source.Credentials{
			Secret: "argocd/team", Username: "u", Password: "s3cret", BearerToken: "s3cret", SSHPrivateKey: "s3cret",
			TLSClientKey: "s3cret", App: source.GitHubApp{PrivateKey: "s3cret"}, Proxy: "http://u:s3cret@proxy",
		}
		inJSON, err := json.Marshal(map[string]any{"c": all, "p": &all})
		printed := string(inJSON)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			printed += fmt.Sprintf(verb, all) + fmt.Sprintf(verb, &all) + fmt.Sprintf(verb, source.Request{Credentials: all})
		}
		if err != nil || strings.Contains(printed, "s3cret") || strings.Contains(printed, "733363726574") {
			t.Errorf("got %s, %v", printed, err)
		}
	})
}

// front is a server in front of the Git server that changes what goes through.
func front(t *testing.T, w *world, handle func(w http.ResponseWriter, r *http.Request, git http.Handler)) string {
	t.Helper()
	target, err := url.Parse(w.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	git := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handle(rw, r, git) }))
	t.Cleanup(server.Close)
	return server.URL + "/team/app.git"
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	t.Run("a bearer token is sent", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		url := front(t, w, func(rw http.ResponseWriter, rq *http.Request, git http.Handler) {
			if rq.Header.Get("Authorization") != "Bearer t0ken" {
				rw.WriteHeader(http.StatusForbidden)
				return
			}
			git.ServeHTTP(rw, rq)
		})
		r.same(w.snapshot(source.Request{URL: url, Credentials: source.Credentials{BearerToken: "t0ken"}}))
		w.fails(source.Request{URL: url}, source.Unauthorized)
	})
	t.Run("a password is sent at once, before a token where that is forced", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		for want, data := range map[string][]string{
			"Basic cmVhZGVyOnA=":             {"username", "reader", "password", "p"},
			"Basic eC1hY2Nlc3MtdG9rZW46cA==": {"password", "p", "forceHttpBasicAuth", "true"},
			"Basic eC1hY2Nlc3MtdG9rZW46cQ==": {"password", "q", "bearerToken", "t", "forceHttpBasicAuth", "true"},
			"Bearer t":                       {"password", "q", "bearerToken", "t"},
			"Bearer t2":                      {"bearerToken", "t2", "forceHttpBasicAuth", "true"},
		} {
			var others atomic.Int64
			url := front(t, w, func(rw http.ResponseWriter, rq *http.Request, git http.Handler) {
				if rq.Header.Get("Authorization") != want {
					others.Add(1)
				}
				git.ServeHTTP(rw, rq)
			})
			r.same(w.snapshot(source.Request{URL: url, Credentials: held(t, url, data...)}))
			if others.Load() > 0 {
				t.Errorf("%q: %d requests came with something else", want, others.Load())
			}
		}
	})
	t.Run("a redirect on one host is followed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		url := front(t, w, func(rw http.ResponseWriter, rq *http.Request, git http.Handler) {
			if path, old := strings.CutPrefix(rq.URL.Path, "/old"); old {
				http.Redirect(rw, rq, path+"?"+rq.URL.RawQuery, http.StatusMovedPermanently)
				return
			}
			git.ServeHTTP(rw, rq)
		})
		r.same(w.snapshot(source.Request{URL: strings.Replace(url, "/team", "/old/team", 1)}))
	})
	t.Run("a secret that a server repeats is not in the error", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		w.create(map[string]string{"a": "1"})
		url := front(t, w, func(rw http.ResponseWriter, rq *http.Request, _ http.Handler) {
			_, sent, _ := rq.BasicAuth()
			rw.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			line := "ERR no access with " + sent + " or " + rq.Header.Get("Authorization") + "\x1b[31m\n"
			_, _ = fmt.Fprintf(rw, "%04x%s", len(line)+4, line)
		})
		says := w.fails(source.Request{URL: url, Credentials: source.Credentials{Password: password}}, source.NotFound)
		if strings.Contains(says, password) || strings.Contains(says, "\x1b") || strings.Contains(says, "eC1hY2") {
			t.Errorf("got %q", says)
		}
	})
	t.Run("a secret that a server repeats as it got it is not in the error", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		url := front(t, w, func(rw http.ResponseWriter, rq *http.Request, _ http.Handler) {
			rw.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			line := "ERR no access with " + rq.Header.Get("Authorization") + "\n"
			_, _ = fmt.Fprintf(rw, "%04x%s", len(line)+4, line)
		})
		url = strings.Replace(url, "http://", "http://reader@", 1)
		says := w.fails(source.Request{URL: url, Credentials: source.Credentials{Password: "p"}}, source.NotFound)
		if strings.Contains(says, "cmVhZGVyOnA=") {
			t.Errorf("got %q", says)
		}
	})
	t.Run("a page that is not Git's is called so", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		url := front(t, w, func(rw http.ResponseWriter, _ *http.Request, _ http.Handler) {
			_, _ = rw.Write([]byte("<html>"))
		})
		says := w.fails(source.Request{URL: url}, source.Unreachable)
		if !strings.Contains(says, "not answer as a Git server") {
			t.Errorf("got %q", says)
		}
	})
	t.Run("a repository that is not there is not found", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		w.fails(source.Request{URL: w.server.URL() + "/nothing.git"}, source.NotFound)
	})
	t.Run("a pack that is cut off changes nothing, and is fetched again", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(manyFiles(300))
		var cut atomic.Bool
		url := front(t, w, func(rw http.ResponseWriter, rq *http.Request, git http.Handler) {
			if cut.Load() && rq.Method == http.MethodPost {
				answer := httptest.NewRecorder()
				git.ServeHTTP(answer, rq)
				_, _ = rw.Write(answer.Body.Bytes()[:answer.Body.Len()*2/3])
				return
			}
			git.ServeHTTP(rw, rq)
		})
		held := w.snapshot(source.Request{URL: url})
		cut.Store(true)
		r.push(gitserver.Commit{Files: manyFiles(600)})
		w.Invalidate(url)
		if _, err := w.Snapshot(t.Context(), source.Request{URL: url}); err == nil {
			t.Fatal("a pack that was cut off was taken")
		}
		r.same(held)
		r.same(w.snapshot(source.Request{URL: url, Revision: held.Revision}))
		cut.Store(false)
		w.Invalidate(url)
		r.same(w.snapshot(source.Request{URL: url}))
	})
}

func TestServerThatLeavesObjectsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	r := w.create(manyFiles(20))
	commit := r.git("rev-parse", "main")
	command := exec.CommandContext(t.Context(), "git", "-C", r.Dir(), "pack-objects", "--quiet", "--stdout")
	command.Stdin = strings.NewReader(commit + "\n")
	pack, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var honest atomic.Bool
	url := front(t, w, func(rw http.ResponseWriter, rq *http.Request, git http.Handler) {
		if honest.Load() || rq.Method == http.MethodGet {
			git.ServeHTTP(rw, rq)
			return
		}
		_, _ = fmt.Fprintf(rw, "0008NAK\n%04x\x01%s0000", len(pack)+5, pack)
	})
	w.fails(source.Request{URL: url}, source.Damaged)
	if left := onDisk(t, w, "*.git"); len(left) != 0 {
		t.Errorf("left on disk: %v", left)
	}
	honest.Store(true)
	w.clock.Step(10 * time.Second)
	held := w.snapshot(source.Request{URL: url})
	r.same(held)

	honest.Store(false)
	r.push(gitserver.Commit{Files: manyFiles(10)})
	w.Invalidate(url)
	if _, err := w.Snapshot(t.Context(), source.Request{URL: url}); err == nil {
		t.Error("a pack without the wanted commit was taken")
	}
	r.same(held)
	honest.Store(true)
	w.Invalidate(url)
	r.same(w.snapshot(source.Request{URL: url}))
}
