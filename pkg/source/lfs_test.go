// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

const lfsPassword = "hunter2"

// largeServer is a Git server with Git LFS beside it, and another server that objects may lie on.
type largeServer struct {
	*world
	url, stranger string
	objects       map[string]string // contents by id
	// answer says of an object where it is, and how; nil says that it is on this server.
	answer func(id string) map[string]any

	mu    sync.Mutex
	asked []string
}

func newLargeServer(t *testing.T, files map[string]string) *largeServer {
	t.Helper()
	l := &largeServer{
		world:   newWorld(t, gitserver.Options{Username: "robot", Password: lfsPassword}, source.Options{MaxFileBytes: 4096}),
		objects: map[string]string{},
	}
	own, other := httptest.NewServer(l), httptest.NewServer(http.HandlerFunc(l.strange))
	t.Cleanup(own.Close)
	t.Cleanup(other.Close)
	l.url, l.stranger = own.URL, other.URL
	l.create(files)
	return l
}

// ServeHTTP answers for Git, and for LFS where the path says so.
func (l *largeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	switch {
	case !strings.Contains(r.URL.Path, "/info/lfs/"):
		l.server.ServeHTTP(w, r)
	case user != "robot" || password != lfsPassword:
		w.WriteHeader(http.StatusUnauthorized)
	case strings.HasSuffix(r.URL.Path, "/team/app.git/info/lfs/objects/batch"):
		l.batch(w, r)
	case strings.HasSuffix(r.URL.Path, "/away"):
		http.Redirect(w, r, l.stranger+"/object", http.StatusFound)
	default:
		l.note("get " + r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:][:4])
		_, _ = w.Write([]byte(l.objects[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]))
	}
}

func (l *largeServer) batch(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Operation string
		Objects   []struct {
			OID  string
			Size int64
		}
	}
	err := json.NewDecoder(r.Body).Decode(&wanted)
	if err != nil || wanted.Operation != "download" || r.Header.Get("Accept") != "application/vnd.git-lfs+json" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	id := wanted.Objects[0].OID
	l.note("batch " + id[:4])
	said := map[string]any{"actions": map[string]any{"download": map[string]any{
		"href": l.url + "/team/app.git/info/lfs/objects/" + id,
	}}}
	if l.answer != nil {
		said = l.answer(id)
	}
	said["oid"] = id
	w.Header().Set("Content-Type", "application/vnd.git-lfs+json")
	_ = json.NewEncoder(w).Encode(map[string]any{"transfer": "basic", "objects": []any{said}})
}

// strange is the other server: it gives one object, and notes what opened it.
func (l *largeServer) strange(w http.ResponseWriter, r *http.Request) {
	l.note("elsewhere with " + r.Header.Get("Authorization") + r.Header.Get("X-Signature"))
	_, _ = w.Write([]byte("large\n"))
}

func (l *largeServer) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, what)
}

// heard returns what the servers were asked since the last time.
func (l *largeServer) heard() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { l.asked = nil }()
	return strings.Join(l.asked, ", ")
}

func (l *largeServer) tree(lfs string) source.Tree {
	l.Helper()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "argocd", Name: "app", Labels: map[string]string{"argocd.argoproj.io/secret-type": "repository"},
		},
		Data: map[string][]byte{
			"type": []byte("git"), "url": []byte(l.url + "/team/app.git"), "username": []byte("robot"),
			"password": []byte(lfsPassword), "enableLfs": []byte(lfs),
		},
	}
	url := l.url + "/team/app.git"
	found, err := source.CredentialsFrom([]*corev1.Secret{secret}, url, "")
	if err != nil {
		l.Fatal(err)
	}
	return l.snapshot(source.Request{URL: url, Credentials: found}).Tree
}

// pointerTo is what stands in Git for a content.
func pointerTo(content string) (text, id string) {
	sum := sha256.Sum256([]byte(content))
	id = hex.EncodeToString(sum[:])
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", id, len(content)), id
}

func TestLargeFiles(t *testing.T) {
	t.Parallel()
	text, id := pointerTo("large\n")
	other, _ := pointerTo("other\n")
	l := newLargeServer(t, map[string]string{"a.yaml": text, "b.yaml": other, "c.yaml": "plain\n"})
	l.objects[id] = "large\n"

	tree := l.tree("true")
	read := func(tree source.Tree, name, want string) {
		t.Helper()
		got, err := source.Read(t.Context(), tree, name)
		if err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
		}
	}
	read(tree, "c.yaml", "plain\n")
	if asked := l.heard(); asked != "" {
		t.Errorf("a file that Git keeps asked for %s", asked)
	}
	read(tree, "a.yaml", "large\n")
	if asked := l.heard(); asked != "batch "+id[:4]+", get "+id[:4] {
		t.Errorf("one file that is read asked for %s", asked)
	}
	read(tree, "a.yaml", "large\n")
	if asked := l.heard(); asked != "" {
		t.Errorf("the same again asked for %s", asked)
	}
	read(l.tree("false"), "a.yaml", text)
	if asked := l.heard(); asked != "" {
		t.Errorf("without enableLfs it asked for %s", asked)
	}
}

func TestLargeFilesElsewhere(t *testing.T) {
	t.Parallel()
	text, _ := pointerTo("large\n")
	for name, test := range map[string]struct {
		href, want string
		header     map[string]string
	}{
		"another server gets what the batch says, and no password": {
			href: "STRANGER/object", header: map[string]string{"X-Signature": "signed"}, want: "elsewhere with signed",
		},
		"one that is redirected to gets nothing": {
			href: "OWN/team/app.git/info/lfs/away", header: map[string]string{"X-Signature": "signed"}, want: "elsewhere with ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLargeServer(t, map[string]string{"a.yaml": text})
			l.answer = func(string) map[string]any {
				href := strings.NewReplacer("OWN", l.url, "STRANGER", l.stranger).Replace(test.href)
				return map[string]any{"actions": map[string]any{"download": map[string]any{"href": href, "header": test.header}}}
			}
			got, err := source.Read(t.Context(), l.tree("true"), "a.yaml")
			if err != nil || string(got) != "large\n" {
				t.Fatalf("got %q, %v", got, err)
			}
			if asked := l.heard(); !strings.HasSuffix(asked, ", "+test.want) {
				t.Errorf("it asked for %q, want %q", asked, test.want)
			}
		})
	}
}

func TestLargeFilesThatCannotBeHad(t *testing.T) {
	t.Parallel()
	text, id := pointerTo("large\n")
	huge, _ := pointerTo(strings.Repeat("x", 5000))
	refused := func(string) map[string]any {
		return map[string]any{"error": map[string]any{"code": 404, "message": "gone with " + lfsPassword}}
	}
	file := func(string) map[string]any {
		return map[string]any{"actions": map[string]any{"download": map[string]any{"href": "file:///etc/passwd"}}}
	}
	tests := map[string]struct {
		pointer, object string
		answer          func(string) map[string]any
		reason          source.Reason
		text            string
	}{
		"another content":            {text, "LARGE\n", nil, source.Damaged, "something else than the commit names"},
		"a content that is cut":      {text, "lar", nil, source.Damaged, "something else than the commit names"},
		"a content without end":      {text, strings.Repeat("large\n", 1000), nil, source.TooLarge, "larger than the limit"},
		"a pointer beyond the limit": {huge, "", nil, source.TooLarge, "keeps 5000 bytes for it, the limit is 4096"},
		"an object that is gone":     {text, "", refused, source.NotFound, "(code 404): gone with ***"},
		"a place that is a file":     {text, "", file, source.Unreachable, `the scheme "file"`},
		"an answer without a place": {text, "", func(string) map[string]any { return map[string]any{} }, source.NotFound,
			"does not say where it is"},
	}
	for name, test := range tests {
		t.Run(name+" is an error", func(t *testing.T) {
			t.Parallel()
			l := newLargeServer(t, map[string]string{"a.yaml": test.pointer})
			l.objects[id], l.answer = test.object, test.answer
			got, err := source.Read(t.Context(), l.tree("true"), "a.yaml")
			var known *source.Error
			if !errors.As(err, &known) || known.Reason != test.reason || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("got %q, %v; want %s: %s", got, err, test.reason, test.text)
			}
			if strings.Contains(err.Error(), lfsPassword) {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}
