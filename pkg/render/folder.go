// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// folder keeps small files by name within a number of bytes. A file appears whole or not at
// all; one that is lost is a miss, never an error. Names have at least two letters.
type folder struct {
	root *os.Root
	// mu lets one write at a time use a file's place.
	mu    sync.Mutex
	files *lru[string, struct{}]
}

// openFolder opens or makes the folder and forgets the files that were used longest ago.
func openFolder(directory string, maxBytes int64) (*folder, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("make the render cache's folder: %w", err)
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, fmt.Errorf("open the render cache's folder: %w", err)
	}
	f := &folder{root: root}
	f.files = newLRU[string, struct{}](maxBytes, func(name string) { _ = root.Remove(place(name)) })
	if err := f.scan(); err != nil {
		return nil, fmt.Errorf("list the render cache's folder: %w", err)
	}
	return f, nil
}

func (f *folder) scan() error {
	type found struct {
		name string
		used time.Time
		size int64
	}
	var all []found
	err := fs.WalkDir(f.root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasSuffix(path, partSuffix) {
			return f.root.Remove(path)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		all = append(all, found{name: entry.Name(), used: info.ModTime(), size: info.Size()})
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b found) int { return a.used.Compare(b.used) })
	for _, file := range all {
		f.files.put(file.name, struct{}{}, file.size)
	}
	return nil
}

const partSuffix = ".part"

func place(name string) string { return filepath.Join(name[:2], name) }

// read returns a file's content and counts as a use of it.
func (f *folder) read(name string) ([]byte, bool) {
	if _, has := f.files.get(name); !has {
		return nil, false
	}
	data, err := f.root.ReadFile(place(name))
	if err != nil {
		f.files.remove(name)
		return nil, false
	}
	now := time.Now()
	// The order of use survives a restart as the files' times; losing it costs nothing.
	_ = f.root.Chtimes(place(name), now, now)
	return data, true
}

// write puts a file into place, whole.
func (f *folder) write(name string, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.root.MkdirAll(name[:2], 0o700); err != nil {
		return fmt.Errorf("write to the render cache: %w", err)
	}
	part := place(name) + partSuffix
	if err := f.root.WriteFile(part, data, 0o600); err != nil {
		return fmt.Errorf("write to the render cache: %w", err)
	}
	if err := f.root.Rename(part, place(name)); err != nil {
		return fmt.Errorf("write to the render cache: %w", err)
	}
	f.files.put(name, struct{}{}, int64(len(data)))
	return nil
}

// forget removes a file that turned out to be useless.
func (f *folder) forget(name string) {
	f.files.remove(name)
	_ = f.root.Remove(place(name))
}
