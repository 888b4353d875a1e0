// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/source"
)

func TestRogueWorkersCostOneRender(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		limits Limits
		limit  string
	}{
		"dies":                           {},
		"talks nonsense":                 {},
		"asks for a path outside":        {},
		"sends no object":                {},
		"sends an object without a name": {},
		"claims an unknown tool":         {},
		"hangs":                          {limits: Limits{Time: 3 * time.Second}, limit: "time of a render"},
		"runs out of memory":             {limit: "memory of a render"},
		"sends objects without end":      {limits: Limits{Objects: 100}, limit: "number of objects"},
		"asks without end":               {limits: Limits{Requests: 100}, limit: "number of times"},
	}
	for how, test := range tests {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			cache := newCache(t, Options{Limits: test.limits, Command: []string{os.Args[0], "rogue-worker", how}})
			input := inputOf(t, "path: .", "-- a.yaml --\n"+configMap+"a\n")
			begin := time.Now()
			_, err := cache.Render(t.Context(), input)
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
			limit, isLimit := errors.AsType[*LimitError](err)
			failed, isFault := errors.AsType[*SourceError](err)
			switch {
			case test.limit != "" && (!isLimit || !strings.Contains(limit.Limit, test.limit)):
				t.Errorf("want the limit on the %s, got %v", test.limit, err)
			case test.limit == "" && (!isFault || failed.Reason != ReasonCrashed):
				t.Errorf("want a crash, got %v", err)
			}
			cache.pool.mu.Lock()
			defer cache.pool.mu.Unlock()
			if left := len(cache.pool.all); left != 0 {
				t.Errorf("%d workers are left", left)
			}
		})
	}
}

func TestWorkersLiveAsLongAsThereIsWork(t *testing.T) {
	t.Parallel()
	input := func(name string) Input { return inputOf(t, "path: .", "-- a.yaml --\n"+configMap+name+"\n") }
	alive := func(cache *Cache) int {
		cache.pool.mu.Lock()
		defer cache.pool.mu.Unlock()
		return len(cache.pool.all)
	}
	t.Run("and end when there was none for a while, until there is some again", func(t *testing.T) {
		t.Parallel()
		cache := newCache(t, Options{KeepIdle: time.Millisecond})
		for _, name := range []string{"a", "b"} {
			if _, err := cache.Render(t.Context(), input(name)); err != nil {
				t.Fatal(err)
			}
			for alive(cache) > 0 {
				if t.Context().Err() != nil {
					t.Fatal("the worker never ends")
				}
				time.Sleep(time.Millisecond)
			}
		}
	})
	t.Run("and one waits for work that is to be expected", func(t *testing.T) {
		t.Parallel()
		cache := newCache(t, Options{KeepIdle: time.Hour, Workers: 2})
		cache.Expect(t.Context())
		cache.Expect(t.Context())
		if alive(cache) != 1 {
			t.Fatalf("%d workers wait, want 1", alive(cache))
		}
		if _, err := cache.Render(t.Context(), input("a")); err != nil {
			t.Fatal(err)
		}
		if alive(cache) != 1 {
			t.Errorf("%d workers for one render", alive(cache))
		}
	})
}

func TestWorkersAreReplaced(t *testing.T) {
	t.Parallel()
	input := func(name string) Input { return inputOf(t, "path: .", "-- a.yaml --\n"+configMap+name+"\n") }
	t.Run("after a number of renders", func(t *testing.T) {
		t.Parallel()
		cache := newCache(t, Options{RendersPerWorker: 2})
		seen := map[int]bool{}
		for _, name := range []string{"a", "b", "c", "d"} {
			if _, err := cache.Render(t.Context(), input(name)); err != nil {
				t.Fatal(err)
			}
			for _, worker := range cache.pool.idle {
				seen[worker.command.Process.Pid] = true
			}
		}
		if len(seen) != 2 {
			t.Errorf("%d workers were kept after a first render, want 2", len(seen))
		}
	})
	t.Run("without an error when one was killed while it was idle", func(t *testing.T) {
		t.Parallel()
		cache := newCache(t, Options{})
		if _, err := cache.Render(t.Context(), input("a")); err != nil {
			t.Fatal(err)
		}
		cache.pool.idle[0].kill()
		if _, err := cache.Render(t.Context(), input("b")); err != nil {
			t.Error(err)
		}
	})
}

// slowTree blocks the first read until it is released.
type slowTree struct {
	source.Tree
	reading chan struct{}
	release chan struct{}
}

func (t slowTree) Read(path string) ([]byte, error) {
	select {
	case t.reading <- struct{}{}:
		<-t.release
	default:
	}
	return t.Tree.Read(path)
}

func TestAWorkerThatIsKilledInTheMiddleCostsOneRender(t *testing.T) {
	t.Parallel()
	cache := newCache(t, Options{})
	input := inputOf(t, "path: .", "-- a.yaml --\n"+configMap+"a\n")
	tree := slowTree{Tree: input.Tree, reading: make(chan struct{}), release: make(chan struct{})}
	input.Tree = tree
	answer := make(chan error, 1)
	go func() {
		_, err := cache.Render(t.Context(), input)
		answer <- err
	}()
	<-tree.reading
	cache.pool.mu.Lock()
	for worker := range cache.pool.all {
		worker.kill()
	}
	cache.pool.mu.Unlock()
	close(tree.release)
	failed, ok := errors.AsType[*SourceError](<-answer)
	if !ok || failed.Reason != ReasonCrashed {
		t.Errorf("want a crash, got %v", failed)
	}
	if output, err := cache.Render(t.Context(), input); err != nil || output.Cached {
		t.Errorf("the next render: cached %v, %v", output.Cached, err)
	}
}

func TestAWorkerHasNoFilesNoNetworkAndNoEnvironment(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	command := exec.CommandContext(t.Context(), os.Args[0], "probe-worker", listener.Addr().String())
	command.Env = []string{}
	printed, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	if err := json.Unmarshal(printed, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{
		"read": true, "write": true, "execute": true, "connect": true, "listen": true, "datagram": true,
		"reported": true, "environment": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
