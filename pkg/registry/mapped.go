// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"sync"

	"k8s.io/apimachinery/pkg/watch"
)

// mapped hands on what a watch tells, made into something else.
type mapped struct {
	from    watch.Interface
	become  func(watch.Event) watch.Event
	results chan watch.Event
	stopped chan struct{}
	once    sync.Once
}

// Mapped returns a watch that tells what another one tells, made into something else. Unlike the one of apimachinery it
// ends also where nobody takes what comes last, as when a client hangs up.
func Mapped(from watch.Interface, become func(watch.Event) watch.Event) watch.Interface {
	m := &mapped{from: from, become: become, results: make(chan watch.Event), stopped: make(chan struct{})}
	go m.run()
	return m
}

// ResultChan is closed when the watch ends.
func (m *mapped) ResultChan() <-chan watch.Event { return m.results }

// Stop ends the watch.
func (m *mapped) Stop() {
	m.once.Do(func() {
		close(m.stopped)
		m.from.Stop()
	})
}

func (m *mapped) run() {
	defer close(m.results)
	for change := range m.from.ResultChan() {
		select {
		case m.results <- m.become(change):
		case <-m.stopped:
			return
		}
	}
}
