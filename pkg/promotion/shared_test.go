// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestSharedReads(t *testing.T) {
	t.Parallel()
	t.Run("begin after they were asked for, and are shared by all who asked before", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var reads atomic.Int32
			begin := make(chan struct{})
			s := &shared[int32]{load: func(context.Context) (int32, error) {
				number := reads.Add(1)
				<-begin
				return number, nil
			}}
			var asking sync.WaitGroup
			ask := func(want int32) {
				asking.Go(func() {
					if got, err := s.read(t.Context()); err != nil || got != want {
						t.Errorf("it got read %d (%v), want %d", got, err, want)
					}
				})
				synctest.Wait()
			}
			ask(1)
			for range 10 {
				ask(2) // The first read is under way: it may not know what they need.
			}
			close(begin)
			asking.Wait()
			if got := reads.Load(); got != 2 {
				t.Errorf("%d reads, want 2", got)
			}
		})
	})
	t.Run("are nobody's alone: who leaves ends no read of others", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			begin := make(chan struct{})
			s := &shared[int]{load: func(ctx context.Context) (int, error) {
				<-begin
				return 1, ctx.Err()
			}}
			leaving, leave := context.WithCancel(t.Context())
			var asking sync.WaitGroup
			asking.Go(func() {
				if _, err := s.read(leaving); !errors.Is(err, context.Canceled) {
					t.Errorf("who leaves gets %v", err)
				}
			})
			synctest.Wait()
			leave()
			synctest.Wait()
			close(begin)
			asking.Wait()
			if got, err := s.read(t.Context()); err != nil || got != 1 {
				t.Errorf("others get %d (%v)", got, err)
			}
		})
	})
}
