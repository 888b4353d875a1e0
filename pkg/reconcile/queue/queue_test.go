// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
)

// work is a reconciler that tells which objects it visits.
type work struct {
	*testing.T
	*Queue
	there   []types.NamespacedName
	visited chan string
	answer  func(key types.NamespacedName) (time.Duration, error)
}

func newWork(t *testing.T, there ...string) *work {
	t.Helper()
	w := &work{T: t, Queue: New("test", func(key types.NamespacedName) string { return key.Namespace }), visited: make(chan string, 100)}
	w.answer = func(types.NamespacedName) (time.Duration, error) { return 0, nil }
	for _, name := range there {
		w.there = append(w.there, key(name))
	}
	return w
}

func key(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "argocd", Name: name}
}

// term begins a term of work; what it returns ends it.
func (w *work) term() (end func()) {
	ctx, cancel := context.WithCancel(w.Context())
	var working sync.WaitGroup
	working.Go(func() {
		w.Work(ctx, 2, func() []types.NamespacedName { return w.there },
			func(_ context.Context, key types.NamespacedName) (time.Duration, error) {
				w.visited <- key.Name
				return w.answer(key)
			})
	})
	return func() { cancel(); working.Wait() }
}

// sees waits for that many visits.
func (w *work) sees(want map[string]int) {
	w.Helper()
	got := map[string]int{}
	for visits(got) < visits(want) {
		select {
		case name := <-w.visited:
			got[name]++
		case <-time.After(20 * time.Second):
			w.Fatalf("saw %v, want %v", got, want)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("visits (-want +got):\n%s", diff)
	}
}

func visits(of map[string]int) (sum int) {
	for _, n := range of {
		sum += n
	}
	return sum
}

func TestWork(t *testing.T) {
	t.Parallel()
	t.Run("begins with every object that is there", func(t *testing.T) {
		t.Parallel()
		w := newWork(t, "one", "two")
		defer w.term()()
		w.sees(map[string]int{"one": 1, "two": 1})
	})
	t.Run("goes on in another term with all that is there and all that comes", func(t *testing.T) {
		t.Parallel()
		w := newWork(t, "one")
		for range 3 {
			end := w.term()
			w.sees(map[string]int{"one": 1})
			w.Add(key("two"))
			w.sees(map[string]int{"two": 1})
			end()
		}
	})
	t.Run("holds nothing between terms", func(t *testing.T) {
		t.Parallel()
		w := newWork(t)
		w.Add(key("early"))
		if w.Working() {
			t.Error("it works before the first term")
		}
		w.term()()
		if w.Working() {
			t.Error("it works after the term")
		}
		w.Add(key("late"))
		w.there = []types.NamespacedName{key("one")}
		defer w.term()()
		w.sees(map[string]int{"one": 1})
	})
	t.Run("comes again when the visit said so, and after a failure", func(t *testing.T) {
		t.Parallel()
		w := newWork(t)
		var mu sync.Mutex
		times := map[string]int{}
		w.answer = func(key types.NamespacedName) (time.Duration, error) {
			mu.Lock()
			defer mu.Unlock()
			times[key.Name]++
			switch {
			case times[key.Name] == 3:
				return 0, nil
			case key.Name == "failing":
				return 0, errors.New("not yet")
			default:
				return time.Millisecond, nil
			}
		}
		w.there = []types.NamespacedName{key("failing"), key("waiting")}
		defer w.term()()
		w.sees(map[string]int{"failing": 3, "waiting": 3})
	})
	t.Run("visits an object while all visits in another lane hang", func(t *testing.T) {
		t.Parallel()
		w := newWork(t, "a", "b", "c")
		hold := make(chan struct{})
		w.answer = func(key types.NamespacedName) (time.Duration, error) {
			if key.Namespace == "argocd" {
				<-hold
			}
			return 0, nil
		}
		end := w.term()
		<-w.visited
		<-w.visited // there is no more room in their lane
		w.Add(types.NamespacedName{Namespace: "elsewhere", Name: "other"})
		w.sees(map[string]int{"other": 1})
		close(hold)
		end()
	})
	t.Run("visits nothing any more once the term ends", func(t *testing.T) {
		t.Parallel()
		w := newWork(t, "a", "b", "c", "d", "e")
		hold := make(chan struct{})
		w.answer = func(types.NamespacedName) (time.Duration, error) { <-hold; return 0, nil }
		end := w.term()
		<-w.visited
		<-w.visited // both workers are busy now
		ended := make(chan struct{})
		go func() { defer close(ended); end() }()
		for w.Working() {
			time.Sleep(time.Millisecond)
		}
		close(hold)
		<-ended
		if more := len(w.visited); more != 0 {
			t.Errorf("%d objects were visited after the end", more)
		}
	})
}
