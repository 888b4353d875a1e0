// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apply"
)

func TestOverload(t *testing.T) {
	t.Parallel()
	t.Run("keeps no more than 32 requests in flight, whoever asks", func(t *testing.T) {
		t.Parallel()
		// Requests are answered once the limit is full, so that the test cannot pass by
		// answering too fast.
		var arrived atomic.Int32
		full := make(chan struct{})
		d := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
			if arrived.Add(1) == 32 {
				close(full)
			}
			<-full
			accepted(w, r)
		})
		applier := apply.NewApplier()
		var users sync.WaitGroup
		for range 3 {
			users.Go(func() {
				var changes []apply.Change
				for i := range 60 {
					changes = append(changes, applyOf(t, "ConfigMap", fmt.Sprint("c", i)))
				}
				for _, result := range applier.Apply(t.Context(), d, changes, apply.Options{}) {
					if result.Status != apply.Synced {
						t.Errorf("result is %+v", result)
					}
				}
			})
		}
		users.Wait()
		if d.most != 32 || len(d.sent()) != 180 {
			t.Errorf("%d requests with at most %d in flight", len(d.sent()), d.most)
		}
	})
	t.Run("waits as long as the server asks, and then succeeds", func(t *testing.T) {
		t.Parallel()
		var mu sync.Mutex
		var times []time.Time
		d := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			times = append(times, time.Now())
			first := len(times) == 1
			mu.Unlock()
			if first {
				w.Header().Set("Retry-After", "1")
				http.Error(w, "Too many requests", http.StatusTooManyRequests)
				return
			}
			accepted(w, r)
		})
		if got := one(t, d, applyOf(t, "ConfigMap", "c"), apply.Options{}); got.Status != apply.Synced {
			t.Errorf("result is %+v", got)
		}
		if len(times) != 2 || times[1].Sub(times[0]) < time.Second {
			t.Errorf("requests at %v, want two with a second between", times)
		}
	})
	t.Run("gives up after five requests and says that it may pass", func(t *testing.T) {
		t.Parallel()
		d := newTarget(t, refused(503, metav1.StatusReasonServiceUnavailable, "busy"))
		got := one(t, d, applyOf(t, "ConfigMap", "c"), apply.Options{})
		if got.Status != apply.SyncFailed || !apply.Retryable(got.Err) || len(d.sent()) != 5 {
			t.Errorf("result is %+v after %d requests", got, len(d.sent()))
		}
	})
	t.Run("repeats a request whose connection broke, and does not name ports", func(t *testing.T) {
		t.Parallel()
		d := newTarget(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		got := one(t, d, applyOf(t, "ConfigMap", "c"), apply.Options{})
		if got.Message != "the connection to the cluster failed" || !apply.Retryable(got.Err) || len(d.sent()) != 5 {
			t.Errorf("result is %+v after %d requests", got, len(d.sent()))
		}
	})
	t.Run("ends with its context", func(t *testing.T) {
		t.Parallel()
		d := newTarget(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		results := apply.NewApplier().Apply(ctx, d, []apply.Change{applyOf(t, "ConfigMap", "c")}, apply.Options{})
		if results[0].Status != apply.SyncFailed || !apply.Retryable(results[0].Err) {
			t.Errorf("result is %+v", results[0])
		}
	})
}
