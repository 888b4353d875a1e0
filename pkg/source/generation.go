// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/go-git/go-git/v5/storage/filesystem"
)

// currentFile names the store that is in use, inside the directory of its repository.
const currentFile = "current"

// present returns the store in use, nil before the first fetch.
func (r *repository) present() *store {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.store
}

// open takes up what an earlier process left on disk. What cannot be used is removed:
// it is fetched again. The caller holds r.writing.
func (r *repository) open() {
	if r.present() != nil || os.MkdirAll(r.dir, 0o700) != nil {
		return
	}
	content, _ := os.ReadFile(filepath.Join(r.dir, currentFile))
	current := strings.TrimSpace(string(content))
	entries, _ := os.ReadDir(r.dir)
	for _, entry := range entries {
		path := filepath.Join(r.dir, entry.Name())
		if entry.Name() != current && entry.IsDir() {
			_ = os.RemoveAll(path)
			continue
		}
		if !entry.IsDir() {
			continue
		}
		held, err := openStore(path, r.owner.bounds)
		if err != nil {
			_ = os.RemoveAll(path)
			continue
		}
		r.mu.Lock()
		r.store = held
		r.mu.Unlock()
	}
}

// adopt puts a complete store into the place of the one in use.
func (r *repository) adopt(fresh *store) error {
	name := filepath.Join(r.dir, currentFile)
	if err := os.WriteFile(name+".new", []byte(filepath.Base(fresh.dir)), 0o600); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	r.mu.Lock()
	old := r.store
	r.store = fresh
	r.mu.Unlock()
	if old != nil {
		old.retire()
	}
	return nil
}

// retire removes the directory once nobody reads from the store: snapshots that were
// taken from it stay whole.
func (s *store) retire() {
	type remains struct {
		objects *filesystem.Storage
		dir     string
	}
	runtime.AddCleanup(s, func(r remains) {
		_ = r.objects.Close()
		_ = os.RemoveAll(r.dir)
	}, remains{objects: s.objects, dir: s.dir})
}

// remove deletes a store that nobody has seen yet.
func (s *store) remove() {
	_ = s.objects.Close()
	_ = os.RemoveAll(s.dir)
}
