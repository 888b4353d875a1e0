// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// maxInFlight is where more requests at once stop to make an API server faster.
	maxInFlight = 32
	// fewInFlight is what remains for changes that failed before: they are likely to fail
	// again, and each costs the server as much as one that does not.
	fewInFlight = 2
	// shrinkInterval keeps a burst of refusals from counting more than once.
	shrinkInterval = time.Second
)

// limiter bounds the writes in flight to one cluster: by one more for each round that went
// well, by half when the server is overloaded. A free place goes to the group that holds
// the fewest, so that a small group never waits for a large one to end.
type limiter struct {
	mu       sync.Mutex
	limit    float64
	inFlight int
	// groups are those of which some wait, the longest wait first.
	groups   []*group
	shrunk   time.Time
	resumeAt time.Time
}

// group is the changes of one call to Apply.
type group struct {
	// most is how many of the places the group may hold.
	most     int
	inFlight int
	waiting  []chan struct{}
}

func newLimiter() *limiter { return &limiter{limit: maxInFlight} }

// acquire waits for a place; every call that returned nil is followed by one of release or overloaded.
func (l *limiter) acquire(ctx context.Context, of *group) error {
	l.mu.Lock()
	granted := make(chan struct{})
	of.waiting = append(of.waiting, granted)
	if len(of.waiting) == 1 {
		l.groups = append(l.groups, of)
	}
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
		l.freeLocked(of)
		l.grantLocked()
	default:
		l.leaveLocked(of, slices.Index(of.waiting, granted))
	}
	return ctx.Err()
}

// leaveLocked takes one that waits out of its group.
func (l *limiter) leaveLocked(of *group, at int) {
	of.waiting = slices.Delete(of.waiting, at, at+1)
	if len(of.waiting) == 0 {
		l.groups = slices.DeleteFunc(l.groups, func(g *group) bool { return g == of })
	}
}

func (l *limiter) freeLocked(of *group) {
	l.inFlight--
	of.inFlight--
}

// release frees a place after a request that the server took.
func (l *limiter) release(of *group) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.freeLocked(of)
	l.limit = min(maxInFlight, l.limit+1/l.limit)
	l.grantLocked()
}

// overloaded frees a place after a request that the server had no room for, and lets none
// begin before retryAfter has passed.
func (l *limiter) overloaded(of *group, retryAfter time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.freeLocked(of)
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
	for l.inFlight < int(l.limit) && !time.Now().Before(l.resumeAt) {
		next := l.nextLocked()
		if next == nil {
			return
		}
		granted := next.waiting[0]
		l.leaveLocked(next, 0)
		l.inFlight++
		next.inFlight++
		close(granted)
	}
}

// nextLocked returns the group that holds the fewest places, nil where none may have another.
func (l *limiter) nextLocked() *group {
	var next *group
	for _, candidate := range l.groups {
		if candidate.inFlight < candidate.most && (next == nil || candidate.inFlight < next.inFlight) {
			next = candidate
		}
	}
	return next
}
