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
		l, g := newLimiter(), &group{most: maxInFlight}
		for range 10 {
			if err := l.acquire(t.Context(), g); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 {
			l.overloaded(g, 0)
		}
		if l.limit != maxInFlight/2 {
			t.Fatalf("limit is %g after a burst, want %d", l.limit, maxInFlight/2)
		}
		for range maxInFlight / 2 {
			if err := l.acquire(t.Context(), g); err != nil {
				t.Fatal(err)
			}
			l.release(g)
		}
		if int(l.limit) < maxInFlight/2 || l.limit > maxInFlight/2+1 {
			t.Errorf("limit is %g after a round, want about one more", l.limit)
		}
	})
	t.Run("gives the place of one that stopped waiting to the next", func(t *testing.T) {
		t.Parallel()
		l, g := newLimiter(), &group{most: maxInFlight}
		l.limit = 1
		if err := l.acquire(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.acquire(cancelled, g); err == nil {
			t.Fatal("a place was given twice")
		}
		l.release(g)
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		if err := l.acquire(ctx, g); err != nil {
			t.Errorf("the free place is lost: %v", err)
		}
	})
	t.Run("lets none begin before the server wants them", func(t *testing.T) {
		t.Parallel()
		l, g := newLimiter(), &group{most: maxInFlight}
		if err := l.acquire(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		l.overloaded(g, 100*time.Millisecond)
		if err := l.acquire(t.Context(), g); err != nil || time.Since(began) < 100*time.Millisecond {
			t.Errorf("began after %s, error %v", time.Since(began), err)
		}
	})
	t.Run("gives a free place to the group that holds the fewest", func(t *testing.T) {
		t.Parallel()
		l, giant, small := newLimiter(), &group{most: maxInFlight}, &group{most: maxInFlight}
		for range maxInFlight {
			if err := l.acquire(t.Context(), giant); err != nil {
				t.Fatal(err)
			}
		}
		granted := make(chan *group, maxInFlight+1)
		wait := func(g *group) {
			if err := l.acquire(t.Context(), g); err == nil {
				granted <- g
			}
		}
		for range maxInFlight {
			go wait(giant)
		}
		waiting(t, l, giant, maxInFlight)
		go wait(small)
		waiting(t, l, small, 1)
		l.release(giant)
		if <-granted != small {
			t.Error("one of many was let in before the only one of the others")
		}
	})
	t.Run("keeps a group within its own bound, whatever is free", func(t *testing.T) {
		t.Parallel()
		l, failing := newLimiter(), &group{most: fewInFlight}
		for range fewInFlight {
			if err := l.acquire(t.Context(), failing); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := l.acquire(ctx, failing); err == nil {
			t.Error("it holds more places than it may")
		}
		if err := l.acquire(t.Context(), &group{most: maxInFlight}); err != nil {
			t.Errorf("others cannot have what it may not: %v", err)
		}
	})
}

// waiting returns when so many of a group wait.
func waiting(t *testing.T, l *limiter, g *group, want int) {
	t.Helper()
	for t.Context().Err() == nil {
		l.mu.Lock()
		have := len(g.waiting)
		l.mu.Unlock()
		if have == want {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
