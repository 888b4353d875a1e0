// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
)

func TestLanes(t *testing.T) {
	t.Parallel()
	t.Run("visit a thousand of others while every visit in one hangs", func(t *testing.T) {
		t.Parallel()
		l, hang := newLanes(2), make(chan struct{})
		for i := range 100 {
			l.add("hanging", key(fmt.Sprint(i)), func(types.NamespacedName) { <-hang })
		}
		var passed sync.WaitGroup
		passed.Add(1000)
		for i := range 1000 {
			l.add(fmt.Sprint("lane ", i%10), key(fmt.Sprint(i)), func(types.NamespacedName) { passed.Done() })
		}
		passed.Wait()
		if waiting := l.length(); waiting != 98 {
			t.Errorf("%d wait in the lane that hangs, want 98", waiting)
		}
		close(hang)
		l.wait()
		if len(l.running) != 0 || len(l.waiting) != 0 {
			t.Errorf("empty lanes are kept: %v, %v", l.running, l.waiting)
		}
	})
	t.Run("run no more than their width side by side, and all in the order in which they came", func(t *testing.T) {
		t.Parallel()
		l := newLanes(1)
		var inside, most atomic.Int32
		var order, want []string
		for i := range 50 {
			want = append(want, fmt.Sprint(i))
			l.add("one", key(fmt.Sprint(i)), func(visited types.NamespacedName) {
				most.Store(max(most.Load(), inside.Add(1)))
				order = append(order, visited.Name)
				inside.Add(-1)
			})
		}
		l.wait()
		if diff := cmp.Diff(want, slices.Clone(order)); diff != "" || most.Load() != 1 {
			t.Errorf("%d ran at once, in the order (-want +got)\n%s", most.Load(), diff)
		}
	})
}
