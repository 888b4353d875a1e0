// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"container/list"
	"context"
	"sync"
	"time"
)

const (
	// maxInFlight is where more requests at once stop to make an API server faster.
	maxInFlight = 32
	// shrinkInterval keeps a burst of refusals from counting more than once.
	shrinkInterval = time.Second
)

// limiter bounds the writes in flight to one cluster: by one more for each round that went
// well, by half when the server is overloaded.
type limiter struct {
	mu       sync.Mutex
	limit    float64
	inFlight int
	waiting  *list.List
	shrunk   time.Time
	resumeAt time.Time
}

func newLimiter() *limiter { return &limiter{limit: maxInFlight, waiting: list.New()} }

// acquire waits for a place; every call that returned nil is followed by one of release.
func (l *limiter) acquire(ctx context.Context) error {
	l.mu.Lock()
	granted := make(chan struct{})
	place := l.waiting.PushBack(granted)
	l.grantLocked()
	l.mu.Unlock()
	select {
	case <-granted:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-granted:
		l.inFlight--
		l.grantLocked()
	default:
		l.waiting.Remove(place)
	}
	return ctx.Err()
}

// release frees a place after a request that the server took.
func (l *limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	l.limit = min(maxInFlight, l.limit+1/l.limit)
	l.grantLocked()
}

// overloaded frees a place after a request that the server had no room for, and lets none
// begin before retryAfter has passed.
func (l *limiter) overloaded(retryAfter time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	now := time.Now()
	if now.Sub(l.shrunk) >= shrinkInterval {
		l.limit, l.shrunk = max(1, l.limit/2), now
	}
	if resume := now.Add(retryAfter); resume.After(l.resumeAt) {
		l.resumeAt = resume
		time.AfterFunc(retryAfter, l.resume)
	}
	l.grantLocked()
}

func (l *limiter) resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.grantLocked()
}

func (l *limiter) grantLocked() {
	for l.inFlight < int(l.limit) && l.waiting.Len() > 0 && !time.Now().Before(l.resumeAt) {
		granted, _ := l.waiting.Remove(l.waiting.Front()).(chan struct{})
		l.inFlight++
		close(granted)
	}
}
