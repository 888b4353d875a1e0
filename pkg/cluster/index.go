// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// scope is what one watch covers: a kind in one namespace, or in all where it is "".
type scope struct {
	kind      schema.GroupKind
	namespace string
}

// index holds the live records of one cluster. A record is never changed, only replaced,
// so that readers may keep it.
type index struct {
	mu      sync.RWMutex
	records map[scope]map[types.NamespacedName]*Live
	byApp   map[string]map[*Live]struct{}
	// strings holds one copy of each namespace, group, kind and version.
	strings map[string]string
	// healthy is shared by all records that are healthy and have nothing to say.
	healthy health.Health
}

func newIndex() *index {
	return &index{
		records: map[scope]map[types.NamespacedName]*Live{},
		byApp:   map[string]map[*Live]struct{}{},
		strings: map[string]string{},
		healthy: health.Health{Status: health.Healthy},
	}
}

// change is what happened to one record; old or new is nil where it came or went.
type change struct{ old, new *Live }

// matters reports whether more than the resource version changed.
func (c change) matters() bool {
	if c.old == nil || c.new == nil {
		return c.old != c.new
	}
	old, updated := *c.old, *c.new
	sameHealth := old.Health == updated.Health ||
		old.Health != nil && updated.Health != nil && *old.Health == *updated.Health
	old.ResourceVersion, updated.ResourceVersion = 0, 0
	old.Health, updated.Health = nil, nil
	return !sameHealth || old != updated
}

// put stores record, or takes it out where record is nil.
func (x *index) put(s scope, name types.NamespacedName, record *Live) change {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.putLocked(s, name, record)
}

// replace makes records the only ones of s and returns what changed.
func (x *index) replace(s scope, records []*Live) []change {
	x.mu.Lock()
	defer x.mu.Unlock()
	keep := make(map[types.NamespacedName]struct{}, len(records))
	var changes []change
	for _, record := range records {
		name := types.NamespacedName{Namespace: record.Namespace, Name: record.Name}
		keep[name] = struct{}{}
		changes = append(changes, x.putLocked(s, name, record))
	}
	for name := range x.records[s] {
		if _, ok := keep[name]; !ok {
			changes = append(changes, x.putLocked(s, name, nil))
		}
	}
	if len(x.records[s]) == 0 {
		delete(x.records, s)
	}
	return changes
}

// retain drops the records of all scopes that keep refuses.
func (x *index) retain(keep func(scope) bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for s, records := range x.records {
		if keep(s) {
			continue
		}
		for _, record := range records {
			x.disown(record)
		}
		delete(x.records, s)
	}
}

func (x *index) putLocked(s scope, name types.NamespacedName, record *Live) change {
	old := x.records[s][name]
	if old != nil {
		x.disown(old)
	}
	if record == nil {
		delete(x.records[s], name)
		return change{old: old}
	}
	x.share(record)
	if x.records[s] == nil {
		x.records[s] = map[types.NamespacedName]*Live{}
	}
	// The key is deleted first so that it does not keep the strings of an older record.
	delete(x.records[s], name)
	x.records[s][types.NamespacedName{Namespace: record.Namespace, Name: record.Name}] = record
	if record.Application != "" {
		if x.byApp[record.Application] == nil {
			x.byApp[record.Application] = map[*Live]struct{}{}
		}
		x.byApp[record.Application][record] = struct{}{}
	}
	return change{old: old, new: record}
}

func (x *index) disown(record *Live) {
	owned := x.byApp[record.Application]
	delete(owned, record)
	if len(owned) == 0 {
		delete(x.byApp, record.Application)
	}
}

// share replaces what many records have in common by one copy, and cuts the rest loose
// from the buffer that the object was decoded in.
func (x *index) share(record *Live) {
	for _, field := range []*string{&record.Group, &record.Kind, &record.Namespace, &record.Version} {
		shared, ok := x.strings[*field]
		if !ok {
			shared = strings.Clone(*field)
			x.strings[shared] = shared
		}
		*field = shared
	}
	record.Name = strings.Clone(record.Name)
	record.UID = types.UID(strings.Clone(string(record.UID)))
	record.Application = x.shareApplication(record.Application)
	if record.Health != nil && *record.Health == x.healthy {
		record.Health = &x.healthy
	}
}

func (x *index) shareApplication(name string) string {
	for sibling := range x.byApp[name] {
		return sibling.Application
	}
	return strings.Clone(name)
}

// find returns the records of keys and of all objects of application, each once.
func (x *index) find(application string, keys []manifest.Key) []Live {
	x.mu.RLock()
	defer x.mu.RUnlock()
	owned := x.byApp[application]
	found := make([]Live, 0, max(len(keys), len(owned)))
	for _, key := range keys {
		record := x.getLocked(key)
		if _, follows := owned[record]; record != nil && !follows {
			found = append(found, *record)
		}
	}
	for record := range owned {
		found = append(found, *record)
	}
	return found
}

func (x *index) getLocked(key manifest.Key) *Live {
	name := types.NamespacedName{Namespace: key.Namespace, Name: key.Name}
	if record := x.records[scope{kind: key.GroupKind()}][name]; record != nil {
		return record
	}
	return x.records[scope{kind: key.GroupKind(), namespace: key.Namespace}][name]
}

// size returns the number of records.
func (x *index) size() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	total := 0
	for _, records := range x.records {
		total += len(records)
	}
	return total
}
