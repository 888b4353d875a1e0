// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/watch"

	"github.com/capstan-dev/capstan/pkg/registry"
)

func bookmark(change watch.Event) watch.Event {
	change.Type = watch.Bookmark
	return change
}

func TestAMappedWatchTellsWhatBecomesOfEachChange(t *testing.T) {
	t.Parallel()
	from := watch.NewFake()
	changes := registry.Mapped(from, bookmark)
	go from.Add(nil)
	if change := <-changes.ResultChan(); change.Type != watch.Bookmark {
		t.Errorf("it tells of %v", change)
	}
	from.Stop()
	if _, more := <-changes.ResultChan(); more {
		t.Error("it goes on after what it watches")
	}
}

func TestAMappedWatchEndsThoughNobodyTakesWhatComes(t *testing.T) {
	t.Parallel()
	// A goroutine that is left when the bubble ends fails the test.
	synctest.Test(t, func(t *testing.T) {
		from := watch.NewFakeWithChanSize(2, false)
		from.Add(nil)
		from.Add(nil)
		changes := registry.Mapped(from, bookmark)
		synctest.Wait()
		changes.Stop()
		changes.Stop()
	})
}
