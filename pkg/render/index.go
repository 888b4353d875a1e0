// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// entry is a finished render: what it looked at, and what came out. It is never changed.
type entry struct {
	Reads  []read                         `json:"reads"`
	Type   v1alpha1.ApplicationSourceType `json:"type"`
	Output manifest.Digest                `json:"output"`
	// Root is the object id of the tree that the render saw: the same tree needs no check.
	Root string `json:"root,omitempty"`
	// Unstable says what would differ with another render of the same.
	Unstable string `json:"unstable,omitempty"`
	// failed is how the render failed. Failures are kept in memory only.
	failed *SourceError
}

// holds reports whether a render of input would see what this one saw.
func (e *entry) holds(input Input, root string) bool {
	same := root != "" && root == e.Root
	for _, r := range e.Reads {
		ofTree := r.Mount == "" && (r.Op == frameStat || r.Op == frameList || r.Op == frameRead)
		if same && ofTree {
			continue
		}
		if !r.holds(input) {
			return false
		}
	}
	return true
}

// submodules reports whether the render looked into one.
func (e *entry) submodules() bool {
	return slices.ContainsFunc(e.Reads, func(r read) bool { return r.Op == readOrigin })
}

func (e *entry) bytes() int64 {
	const overhead = 100
	total := int64(overhead)
	for _, r := range e.Reads {
		total += overhead + int64(len(r.Path)+len(r.Mount)+len(r.Answer))
	}
	return total
}

// maxReadSets is how many results a key keeps: branches and revisions that are switched
// between, and Applications that differ in what the files make of their names.
const maxReadSets = 16

// index finds finished renders by key.
type index struct {
	// mu makes reading, changing and writing one key's entries one step.
	mu     sync.Mutex
	memory *lru[key, []*entry]
	disk   *folder
}

func newIndex(memoryBytes int64, disk *folder) *index {
	return &index{memory: newLRU[key, []*entry](memoryBytes, nil), disk: disk}
}

func entriesName(k key) string { return k.String() + ".json" }

// find returns the entry of a key that holds for input, or nil.
func (x *index) find(k key, input Input, root string) *entry {
	entries, ok := x.memory.get(k)
	if !ok && x.disk != nil {
		x.mu.Lock()
		entries = x.entries(k)
		x.mu.Unlock()
	}
	for _, candidate := range entries {
		if candidate.holds(input, root) {
			return candidate
		}
	}
	return nil
}

// entries returns what is kept of a key; the caller holds mu.
func (x *index) entries(k key) []*entry {
	if entries, ok := x.memory.get(k); ok || x.disk == nil {
		return entries
	}
	data, ok := x.disk.read(entriesName(k))
	if !ok {
		return nil
	}
	var entries []*entry
	if err := json.Unmarshal(data, &entries); err != nil || slices.Contains(entries, nil) {
		x.disk.forget(entriesName(k))
		return nil
	}
	x.remember(k, entries)
	return entries
}

func (x *index) remember(k key, entries []*entry) {
	total := int64(0)
	for _, e := range entries {
		total += e.bytes()
	}
	x.memory.put(k, entries, total)
}

// add puts an entry before the others of its key and forgets the oldest.
func (x *index) add(k key, added *entry) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	entries := append([]*entry{added}, x.entries(k)...)
	entries = entries[:min(len(entries), maxReadSets)]
	x.remember(k, entries)
	if x.disk == nil || added.failed != nil {
		return nil
	}
	kept := slices.DeleteFunc(slices.Clone(entries), func(e *entry) bool { return e.failed != nil })
	data, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("encode a read-set: %w", err)
	}
	return x.disk.write(entriesName(k), data)
}

// remove forgets an entry whose output is lost.
func (x *index) remove(k key, lost *entry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(x.entries(k)), func(e *entry) bool { return e == lost })
	x.remember(k, rest)
}
