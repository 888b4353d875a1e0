// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/capstan-dev/capstan/pkg/source"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
)

func TestQueries(t *testing.T) {
	t.Parallel()
	t.Run("a hundred callers at once make one query and one fetch", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				if _, err := w.Snapshot(t.Context(), r.at("main")); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if queries, fetches := w.server.RefQueries(), w.server.Fetches(); queries != 1 || fetches != 1 {
			t.Errorf("got %d queries and %d fetches, want 1 and 1", queries, fetches)
		}
	})
	t.Run("an interval has one query, whatever the revisions", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		old := w.snapshot(r.at("main"))
		r.do(r.Branch(t.Context(), "same", old.Revision))
		pushed := r.push(gitserver.Commit{Files: map[string]string{"a": "2"}})
		w.clock.Step(59 * time.Second)
		if got := w.snapshot(r.at("")); got.Revision != old.Revision || w.server.RefQueries() != 1 {
			t.Fatalf("got %s after %d queries, want %s after 1", got.Revision, w.server.RefQueries(), old.Revision)
		}
		w.clock.Step(time.Second)
		for _, revision := range []string{"", "main", "same", pushed, old.Revision} {
			w.snapshot(r.at(revision))
		}
		if queries, fetches := w.server.RefQueries(), w.server.Fetches(); queries != 2 || fetches != 2 {
			t.Errorf("got %d queries and %d fetches, want 2 and 2", queries, fetches)
		}
	})
	t.Run("a commit that is known needs no server", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		known := w.snapshot(r.at("main"))
		w.server.Stop()
		w.clock.Step(time.Hour)
		w.restart()
		r.same(w.snapshot(r.at(known.Revision)))
	})
	t.Run("after an invalidation by any form of the URL the next call asks again", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		w.snapshot(r.at("main"))
		pushed := r.push(gitserver.Commit{Files: map[string]string{"a": "2"}})
		w.Invalidate(strings.ToUpper(strings.TrimSuffix(r.URL(), ".git")))
		if got := w.snapshot(r.at("main")).Revision; got != pushed {
			t.Errorf("got %s, want %s", got, pushed)
		}
		w.Invalidate("https://example.com/other.git")
		w.snapshot(r.at("main"))
		if got := w.server.RefQueries(); got != 2 {
			t.Errorf("got %d queries, want 2", got)
		}
	})
	t.Run("requests are counted", func(t *testing.T) {
		t.Parallel()
		registry := prometheus.NewRegistry()
		w := newWorld(t, gitserver.Options{}, source.Options{Registerer: registry})
		r := w.create(map[string]string{"a": "1"})
		w.snapshot(r.at("main"))
		want := strings.NewReplacer("URL", r.URL()).Replace(`
# HELP argocd_git_request_total Requests to Git servers.
# TYPE argocd_git_request_total counter
argocd_git_request_total{repo="URL",request_type="fetch"} 1
argocd_git_request_total{repo="URL",request_type="ls-remote"} 1
`)
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "argocd_git_request_total"); err != nil {
			t.Error(err)
		}
	})
}

func TestServerDownAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	r := w.create(map[string]string{"a": "1"})
	held := w.snapshot(r.at("main"))
	pushed := r.push(gitserver.Commit{Files: map[string]string{"a": "2"}})
	w.server.Stop()
	w.clock.Step(time.Minute)
	w.fails(r.at("main"), source.Unreachable)
	w.fails(r.at("main"), source.Unreachable)
	r.same(held)
	if err := w.server.Start(); err != nil {
		t.Fatal(err)
	}
	w.clock.Step(10 * time.Second)
	if got := w.snapshot(r.at("main")); got.Revision != pushed {
		t.Errorf("got %s, want %s", got.Revision, pushed)
	}
}

func TestACallerMayGiveUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{})
	r := w.create(map[string]string{"a": "1"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Snapshot(ctx, r.at("main")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	w.snapshot(r.at("main"))
}

func TestRun(t *testing.T) {
	t.Parallel()
	// polled runs a reader in real time and returns what its subscriber hears.
	polled := func(t *testing.T, idle int) (*repo, <-chan string) {
		t.Helper()
		w := newWorld(t, gitserver.Options{}, source.Options{})
		r := w.create(map[string]string{"a": "1"})
		repositories, err := source.New(source.Options{
			Dir: t.TempDir(), PollInterval: 200 * time.Millisecond, IdleIntervals: idle,
		})
		if err != nil {
			t.Fatal(err)
		}
		changes := make(chan string, 100)
		t.Cleanup(repositories.Subscribe(func(url string) { changes <- url }))
		var running sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		running.Go(func() { repositories.Run(ctx) })
		t.Cleanup(func() { cancel(); running.Wait() })
		if _, err := repositories.Snapshot(t.Context(), r.at("main")); err != nil {
			t.Fatal(err)
		}
		return r, changes
	}
	t.Run("a push to a repository in use is told to subscribers", func(t *testing.T) {
		t.Parallel()
		r, changes := polled(t, 1000)
		pushed := time.Now()
		r.push(gitserver.Commit{Files: map[string]string{"a": "2"}})
		select {
		case url := <-changes:
			if !source.SameRepository(url, r.URL()) || url != source.Normalize(r.URL()) {
				t.Errorf("got %s, want %s", url, r.URL())
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("heard nothing for %s", time.Since(pushed))
		}
		if len(changes) != 0 {
			t.Errorf("one push was told more than once")
		}
	})
	t.Run("nothing is asked once nobody uses the repository", func(t *testing.T) {
		t.Parallel()
		r, changes := polled(t, 1)
		time.Sleep(600 * time.Millisecond)
		before := r.w.server.RefQueries()
		r.push(gitserver.Commit{Files: map[string]string{"a": "2"}})
		time.Sleep(600 * time.Millisecond)
		if after := r.w.server.RefQueries(); after != before || len(changes) != 0 {
			t.Errorf("got %d queries and %d changes while idle", after-before, len(changes))
		}
	})
}

func TestRetention(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitserver.Options{}, source.Options{Retention: time.Hour})
	r := w.create(map[string]string{"a": "1"})
	w.snapshot(r.at("main"))
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	running.Go(func() { w.Repositories.Run(ctx) })
	defer func() { cancel(); running.Wait() }()
	for range 100 {
		if len(onDisk(t, w, "current")) == 0 {
			break
		}
		w.clock.Step(10 * time.Minute)
		time.Sleep(20 * time.Millisecond)
	}
	if left := onDisk(t, w, "current"); len(left) != 0 {
		t.Fatalf("an unused repository is still on disk: %v", left)
	}
	r.same(w.snapshot(r.at("main")))
}
