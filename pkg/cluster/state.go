// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// watchState is what is known of a scope.
type watchState struct {
	// synced means that the index held the whole scope at one moment.
	synced bool
	// unserved means that the cluster is known not to have the kind.
	unserved bool
	// staleSince is when the watch failed, zero while it works.
	staleSince time.Time
	err        error
}

func (w *watch) known() watchState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

// write runs change unless the watch was stopped, so that a stream that ends late cannot
// write over what its successor read.
func (w *watch) write(change func()) (written bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		change()
	}
	return !w.stopped
}

// failed keeps what is known and marks it stale.
func (w *watch) failed(err error) {
	w.write(func() {
		if w.state.staleSince.IsZero() {
			w.state.staleSince = time.Now()
		}
		w.state.err = err
	})
}

// working takes back the mark of failed.
func (w *watch) working() {
	w.write(func() { w.state.staleSince, w.state.err = time.Time{}, nil })
}

// served forgets that the kind was not served: its objects are not known yet.
func (w *watch) served() {
	w.write(func() {
		if w.state.unserved {
			w.state = watchState{}
		}
	})
}

// put takes one object, or takes it out where record is nil.
func (w *watch) put(name types.NamespacedName, record *Live) {
	var changed change
	w.write(func() {
		w.state.staleSince, w.state.err = time.Time{}, nil
		changed = w.cluster.index.put(w.scope, name, record)
	})
	w.cluster.tell(changed)
}

// vanished drops the records: the cluster answered that it does not serve the kind.
func (w *watch) vanished() {
	w.settle(watchState{unserved: true}, nil)
}

// listed takes a whole list of the scope.
func (w *watch) listed(records []*Live) {
	w.settle(watchState{synced: true}, records)
}

// settle makes records the whole scope. Where that answers a question that was open, each
// application that uses the kind is told once, else the owners of what changed are.
func (w *watch) settle(state watchState, records []*Live) {
	var changes []change
	var news bool
	if !w.write(func() {
		news = w.state.synced != state.synced || w.state.unserved != state.unserved
		w.state = state
		changes = w.cluster.index.replace(w.scope, records)
	}) {
		return
	}
	if news {
		w.cluster.tellKind(w.kind)
		return
	}
	w.cluster.tell(changes...)
}
