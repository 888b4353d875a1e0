// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	t.Run("halves once for a burst of refusals and grows back by one a round", func(t *testing.T) {
		t.Parallel()
		l := newLimiter()
		for range 10 {
			if err := l.acquire(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 {
			l.overloaded(0)
		}
		if l.limit != maxInFlight/2 {
			t.Fatalf("limit is %g after a burst, want %d", l.limit, maxInFlight/2)
		}
		for range maxInFlight / 2 {
			if err := l.acquire(t.Context()); err != nil {
				t.Fatal(err)
			}
			l.release()
		}
		if int(l.limit) < maxInFlight/2 || l.limit > maxInFlight/2+1 {
			t.Errorf("limit is %g after a round, want about one more", l.limit)
		}
	})
	t.Run("gives the place of one that stopped waiting to the next", func(t *testing.T) {
		t.Parallel()
		l := newLimiter()
		l.limit = 1
		if err := l.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.acquire(cancelled); err == nil {
			t.Fatal("a place was given twice")
		}
		l.release()
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		if err := l.acquire(ctx); err != nil {
			t.Errorf("the free place is lost: %v", err)
		}
	})
	t.Run("lets none begin before the server wants them", func(t *testing.T) {
		t.Parallel()
		l := newLimiter()
		if err := l.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		l.overloaded(100 * time.Millisecond)
		if err := l.acquire(t.Context()); err != nil || time.Since(began) < 100*time.Millisecond {
			t.Errorf("began after %s, error %v", time.Since(began), err)
		}
	})
}
