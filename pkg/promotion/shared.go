// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"sync"
	"time"
)

// shared lets callers who ask at the same time share a read. Each gets what was read after it had asked.
type shared[T any] struct {
	load func(context.Context) (T, error)

	mu sync.Mutex
	// next is the read that has not begun yet, nil where nobody waits for one; last is the one that was asked for last.
	next, last *reading[T]
}

type reading[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// readWithin bounds a read that belongs to no caller alone.
const readWithin = 10 * time.Second

// read returns what a read says that begins now or later.
func (s *shared[T]) read(ctx context.Context) (T, error) {
	wanted := s.join(ctx)
	select {
	case <-wanted.done:
		return wanted.value, wanted.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func (s *shared[T]) join(ctx context.Context) *reading[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = &reading[T]{done: make(chan struct{})}
		go s.run(context.WithoutCancel(ctx), s.last, s.next)
		s.last = s.next
	}
	return s.next
}

// run reads once the read before has ended: until then, more may join.
func (s *shared[T]) run(ctx context.Context, before, wanted *reading[T]) {
	if before != nil {
		<-before.done
	}
	s.mu.Lock()
	// Who comes from now on did not ask in time for this one.
	s.next = nil
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	defer close(wanted.done)
	wanted.value, wanted.err = s.load(ctx)
}
