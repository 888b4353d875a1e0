// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// state is what the reconciler remembers of one Application between passes. Losing it
// costs a comparison, never a change: the object records are in the store.
type state struct {
	uid types.UID
	// heard counts what was told of the Application, of its objects, its project and its
	// destination; settled is that count before the last pass, 0 where it left something to
	// do. While both are equal, only Git can have news.
	heard   atomic.Uint64
	settled uint64
	// asked reports that there may be a Plan or an Approval that was not looked at.
	asked atomic.Bool
	// looked reports that a pass of this term ended in a status, or in none because nothing is new.
	looked bool
	// applied are the object records, read from the store once.
	applied map[manifest.Key]plan.Applied
	// prepared is the last good desired state and what it was made from.
	prepared *desired
	// written is the status as it was written last; the informer may still lag behind it.
	written v1alpha1.ApplicationStatus
	// promised are the kinds of a Plan that was looked at last, which are to be watched beside those that Git wants.
	promised []schema.GroupKind
	// tolerance is what may differ from Git.
	tolerance tolerance
	// orphans is what was found of objects that belong to no Application.
	orphans orphans
	// version is the resourceVersion of that write.
	version uint64
	// spent is what a sync tried in vain, and healing the drift that was undone last.
	spent   spent
	healing healing
	// run is the sync in progress, nil between syncs.
	run *run
	// expected are applied objects that the watch has not told of yet, and until when.
	expected map[manifest.Key]time.Time
	// lagging reports that the watch is behind what was applied.
	lagging bool
	// flushBy is when a status that is still settling is written at the latest.
	flushBy time.Time
}

// versionText is the resourceVersion of the status that is known, "" where it is no number.
func (s *state) versionText() string {
	if s.version == 0 {
		return ""
	}
	return strconv.FormatUint(s.version, 10)
}

// states holds the state of every Application. One worker at a time reconciles an
// Application, so a state itself needs no lock.
type states struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]*state
	// looked is how many of them were looked at.
	looked int
	// orphaned is what a scrape shows of those whose project asks for orphaned objects.
	orphaned map[types.NamespacedName]orphanCount
}

// orphanCount is how many orphaned objects an Application of a project has.
type orphanCount struct {
	project string
	count   int
}

// of returns the state of an object, a new one where another object had the name before.
func (s *states) of(app *v1alpha1.Application) *state {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := types.NamespacedName{Namespace: app.Namespace, Name: app.Name}
	known := s.byKey[key]
	if known == nil || known.uid != app.UID {
		s.dropLocked(key)
		known = &state{uid: app.UID}
		known.heard.Store(1)
		known.asked.Store(true)
		s.byKey[key] = known
	}
	return known
}

func (s *states) forget(key types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLocked(key)
}

// hear notes that there may be news of an Application.
func (s *states) hear(key types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.byKey[key]; known != nil {
		known.heard.Add(1)
	}
}

// ask notes that somebody made a Plan of an Application, or said something of one.
func (s *states) ask(key types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.byKey[key]; known != nil {
		known.asked.Store(true)
	}
}

func (s *states) dropLocked(key types.NamespacedName) {
	if known := s.byKey[key]; known != nil && known.looked {
		s.looked--
	}
	delete(s.byKey, key)
	delete(s.orphaned, key)
}

// clear forgets every Application.
func (s *states) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byKey, s.looked = map[types.NamespacedName]*state{}, 0
	s.orphaned = map[types.NamespacedName]orphanCount{}
}

// note counts a state as looked at. One that was forgotten meanwhile counts for nothing.
func (s *states) note(key types.NamespacedName, known *state) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[key] == known && !known.looked {
		known.looked = true
		s.looked++
	}
}

// count is how many were looked at.
func (s *states) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looked
}
