// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"errors"
	"io"
	"log"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

// world is a Git server and a reader of it whose clock stands still.
type world struct {
	*testing.T
	server  *gitserver.Server
	clock   *clocktesting.FakeClock
	options source.Options
	*source.Repositories
}

func newWorld(t *testing.T, serverOptions gitserver.Options, options source.Options) *world {
	t.Helper()
	server, err := gitserver.New(t.TempDir(), serverOptions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	w := &world{T: t, server: server, clock: clocktesting.NewFakeClock(time.Now()), options: options}
	w.options.Dir, w.options.Clock = t.TempDir(), w.clock
	if w.options.PollInterval == 0 {
		w.options.PollInterval = time.Minute
	}
	w.restart()
	return w
}

// as returns the world for a test within its test.
func (w *world) as(t *testing.T) *world {
	t.Helper()
	inner := *w
	inner.T = t
	return &inner
}

// quiet keeps what servers say about clients that they refuse out of the tests' output.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// restart makes a reader as a new process would.
func (w *world) restart() {
	w.Helper()
	repositories, err := source.New(w.options)
	if err != nil {
		w.Fatal(err)
	}
	w.Repositories = repositories
}

func (w *world) create(files map[string]string) *repo {
	w.Helper()
	r, err := w.server.Create(w.Context(), "team/app.git", files)
	if err != nil {
		w.Fatal(err)
	}
	return &repo{Repository: r, w: w}
}

func (w *world) snapshot(request source.Request) *source.Snapshot {
	w.Helper()
	snapshot, err := w.Snapshot(w.Context(), request)
	if err != nil {
		w.Fatal(err)
	}
	return snapshot
}

// fails asks for a Snapshot that must fail for a reason, and returns the error's text.
func (w *world) fails(request source.Request, reason source.Reason) string {
	w.Helper()
	_, err := w.Snapshot(w.Context(), request)
	var known *source.Error
	if !errors.As(err, &known) || known.Reason != reason {
		w.Fatalf("got error %v, want reason %s", err, reason)
	}
	return err.Error()
}

type repo struct {
	*gitserver.Repository
	w *world
}

// as returns the repository for a test within its test.
func (r *repo) as(t *testing.T) *repo {
	t.Helper()
	return &repo{Repository: r.Repository, w: r.w.as(t)}
}

func (r *repo) push(commit gitserver.Commit) string {
	r.w.Helper()
	id, err := r.Push(r.w.Context(), commit)
	if err != nil {
		r.w.Fatal(err)
	}
	return id
}

func (r *repo) do(err error) {
	r.w.Helper()
	if err != nil {
		r.w.Fatal(err)
	}
}

func (r *repo) at(revision string) source.Request {
	return source.Request{URL: r.URL(), Revision: revision}
}

// git is what the git command says about the repository.
func (r *repo) git(args ...string) string {
	r.w.Helper()
	command := exec.CommandContext(r.w.Context(), "git", append([]string{"-C", r.Dir()}, args...)...)
	out, err := command.Output()
	if err != nil {
		r.w.Fatalf("git %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// same compares every entry and file of a snapshot with what Git has at its revision.
func (r *repo) same(snapshot *source.Snapshot) {
	r.w.Helper()
	var want []string
	for line := range strings.SplitSeq(r.git("ls-tree", "-r", "-t", snapshot.Revision), "\n") {
		fields := strings.Fields(line)
		want = append(want, fields[2]+" "+strings.SplitN(line, "\t", 2)[1])
	}
	var got []string
	walk(r.w.T, snapshot.Tree, ".", func(path string, entry source.Entry) {
		got = append(got, entry.ID+" "+path)
		if entry.Kind == source.File {
			content, err := snapshot.Tree.Read(path)
			if err != nil || blobID(content) != entry.ID || int64(len(content)) != entry.Size {
				r.w.Fatalf("%s: read %q (size %d), error %v", path, content, entry.Size, err)
			}
		}
	})
	equalSets(r.w.T, got, want)
}

func blobID(content []byte) string {
	return plumbing.ComputeHash(plumbing.BlobObject, content).String()
}

func walk(t *testing.T, tree source.Tree, dir string, visit func(path string, entry source.Entry)) {
	t.Helper()
	entries, err := tree.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		path := entry.Name
		if dir != "." {
			path = dir + "/" + entry.Name
		}
		visit(path, entry)
		if entry.Kind == source.Directory {
			walk(t, tree, path, visit)
		}
	}
}
