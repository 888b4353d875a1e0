// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// lanes are where objects wait for their visit. A visit that hangs takes room in its own lane,
// and in no other.
type lanes struct {
	// width is how many visits a lane has side by side.
	width int

	mu      sync.Mutex
	waiting map[string][]types.NamespacedName
	running map[string]int
	visits  sync.WaitGroup
}

func newLanes(width int) *lanes {
	return &lanes{width: width, waiting: map[string][]types.NamespacedName{}, running: map[string]int{}}
}

// add has visit called with key as soon as the lane has room, in the order of the calls.
func (l *lanes) add(lane string, key types.NamespacedName, visit func(types.NamespacedName)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[lane] == l.width {
		l.waiting[lane] = append(l.waiting[lane], key)
		return
	}
	l.running[lane]++
	l.visits.Go(func() {
		for more := true; more; key, more = l.next(lane) {
			visit(key)
		}
	})
}

// next takes the first that waits in a lane, or gives the room back where none does.
func (l *lanes) next(lane string) (types.NamespacedName, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if queue := l.waiting[lane]; len(queue) > 0 {
		l.waiting[lane] = queue[1:]
		return queue[0], true
	}
	delete(l.waiting, lane)
	if l.running[lane]--; l.running[lane] == 0 {
		delete(l.running, lane)
	}
	return types.NamespacedName{}, false
}

// wait returns when no visit goes on any more.
func (l *lanes) wait() { l.visits.Wait() }

// length is how many wait in all lanes.
func (l *lanes) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	total := 0
	for _, queue := range l.waiting {
		total += len(queue)
	}
	return total
}
