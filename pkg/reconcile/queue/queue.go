// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package queue holds the objects that wait for a reconciler.
//
// Input: names of objects, as events bring them. Output: visits, one at a time for each
// object. Invariants: a term of work begins with every object that there is, so what happened
// while another replica led is not missed; between terms nothing is held; terms may follow one
// another without end; an object waits for no visit in another lane.
package queue

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// The pace of visits that fail.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = time.Minute
)

// Visit reconciles the object of a name and says when to come again; zero is when something
// happens.
type Visit func(ctx context.Context, key types.NamespacedName) (again time.Duration, err error)

type line = workqueue.TypedRateLimitingInterface[types.NamespacedName]

// Queue is the line of objects of one kind.
type Queue struct {
	name string
	lane func(types.NamespacedName) string

	mu sync.RWMutex
	// line and lanes are nil between terms: a workqueue that was shut down never opens again.
	line  line
	lanes *lanes
}

// New returns a Queue that holds nothing until Work. Its metrics carry the name. Objects of
// one lane share its room.
func New(name string, lane func(types.NamespacedName) string) *Queue {
	return &Queue{name: name, lane: lane}
}

// Add asks for a visit.
func (q *Queue) Add(key types.NamespacedName) { q.AddAfter(key, 0) }

// AddAfter asks for a visit after a while.
func (q *Queue) AddAfter(key types.NamespacedName, after time.Duration) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.line != nil {
		q.line.AddAfter(key, after)
	}
}

// Working reports whether a term of work is on.
func (q *Queue) Working() bool {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.line != nil
}

// Waiting is how many objects wait for others of their lane.
func (q *Queue) Waiting() int {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.lanes == nil {
		return 0
	}
	return q.lanes.length()
}

// Work visits all objects, and then those that are added, until ctx ends and the visits in
// progress have returned. A lane has that many visits side by side.
func (q *Queue) Work(ctx context.Context, width int, all func() []types.NamespacedName, visit Visit) {
	opened, side := q.open(width)
	// Whatever comes between the opening and the listing is in both.
	for _, key := range all() {
		opened.Add(key)
	}
	var sorting sync.WaitGroup
	sorting.Go(func() {
		for key, closed := opened.Get(); !closed; key, closed = opened.Get() {
			side.add(q.lane(key), key, func(key types.NamespacedName) { call(ctx, opened, key, visit) })
		}
	})
	<-ctx.Done()
	q.close()
	sorting.Wait()
	side.wait()
}

func (q *Queue) open(width int) (line, *lanes) {
	q.mu.Lock()
	defer q.mu.Unlock()
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[types.NamespacedName](firstRetry, lastRetry)
	q.line = workqueue.NewTypedRateLimitingQueueWithConfig(limiter,
		workqueue.TypedRateLimitingQueueConfig[types.NamespacedName]{Name: q.name})
	q.lanes = newLanes(width)
	return q.line, q.lanes
}

func (q *Queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.line.ShutDown()
	q.line, q.lanes = nil, nil
}

// call visits one object, and puts it back into its line where there is more to do.
func call(ctx context.Context, from line, key types.NamespacedName, visit Visit) {
	defer from.Done(key)
	if ctx.Err() != nil {
		return
	}
	again, err := visit(ctx, key)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		if !apierrors.IsConflict(err) {
			klog.FromContext(ctx).Error(err, "Reconcile failed", "object", key)
		}
		from.AddRateLimited(key)
	default:
		from.Forget(key)
		if again > 0 {
			from.AddAfter(key, again)
		}
	}
}

// Sooner is the earlier of two times to look again; zero is never.
func Sooner(one, other time.Duration) time.Duration {
	if one == 0 || other == 0 {
		return max(one, other)
	}
	return min(one, other)
}
