// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// gitTree is the Tree of a commit in a store.
type gitTree struct {
	store *store
	root  plumbing.Hash
}

var _ Tree = gitTree{}

// Stat returns the entry of a path.
func (t gitTree) Stat(name string) (Entry, error) {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	entry, err := t.find("stat", name)
	if err != nil {
		return Entry{}, err
	}
	return entry, t.store.measureEntry(&entry)
}

// List returns the entries of a directory by name.
func (t gitTree) List(name string) ([]Entry, error) {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	entry, err := t.find("list", name)
	if err != nil {
		return nil, err
	}
	if entry.Kind != Directory {
		return nil, pathError("list", name, errors.New("is not a directory"))
	}
	decoded, err := t.store.decodeTree(plumbing.NewHash(entry.ID))
	if err != nil {
		return nil, pathError("list", name, err)
	}
	entries := slices.Clone(decoded)
	for i := range entries {
		if err := t.store.measureEntry(&entries[i]); err != nil {
			return nil, pathError("list", name, err)
		}
	}
	return entries, nil
}

// Read returns the content of a file, or the target of a symbolic link. It fails with an
// *Error of reason TooLarge where the file is longer than the limit.
func (t gitTree) Read(name string) ([]byte, error) {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	entry, err := t.find("read", name)
	if err != nil {
		return nil, err
	}
	if entry.Kind == Directory || entry.Kind == Submodule {
		return nil, pathError("read", name, errors.New("is not a file"))
	}
	content, err := t.store.content(plumbing.BlobObject, plumbing.NewHash(entry.ID))
	if err != nil {
		return nil, pathError("read", name, err)
	}
	return content, nil
}

// find walks from the root to an entry; the caller holds the store's lock.
func (t gitTree) find(op, name string) (Entry, error) {
	at := Entry{Name: ".", Kind: Directory, ID: t.root.String()}
	if !fs.ValidPath(name) {
		return Entry{}, pathError(op, name, fs.ErrInvalid)
	}
	if name == "." {
		return at, nil
	}
	for segment := range strings.SplitSeq(name, "/") {
		if at.Kind != Directory {
			return Entry{}, pathError(op, name, fs.ErrNotExist)
		}
		entries, err := t.store.decodeTree(plumbing.NewHash(at.ID))
		if err != nil {
			return Entry{}, pathError(op, name, err)
		}
		i, found := slices.BinarySearchFunc(entries, segment, func(e Entry, name string) int {
			return strings.Compare(e.Name, name)
		})
		if !found {
			return Entry{}, pathError(op, name, fs.ErrNotExist)
		}
		at = entries[i]
	}
	return at, nil
}

func pathError(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

// measureEntry fills in the size of a file.
func (s *store) measureEntry(entry *Entry) error {
	if entry.Kind != File && entry.Kind != Executable {
		return nil
	}
	if known, found := s.sizes.Get(entry.ID); found {
		if size, ok := known.(int64); ok {
			entry.Size = size
			return nil
		}
	}
	size, err := s.objects.EncodedObjectSize(plumbing.NewHash(entry.ID))
	if err != nil {
		return s.damaged(err)
	}
	s.sizes.Add(entry.ID, size)
	entry.Size = size
	return nil
}

func (s *store) content(kind plumbing.ObjectType, id plumbing.Hash) ([]byte, error) {
	encoded, err := s.objects.EncodedObject(kind, id)
	if err != nil {
		return nil, s.damaged(err)
	}
	// What was fetched was within the limit; the limit may have been lowered since.
	if encoded.Size() > s.bounds.file {
		return nil, failure(TooLarge, "has %d bytes, the limit is %d", encoded.Size(), s.bounds.file)
	}
	reader, err := encoded.Reader()
	if err != nil {
		return nil, s.damaged(err)
	}
	defer func() { _ = reader.Close() }()
	content, err := io.ReadAll(reader)
	if err == nil && plumbing.ComputeHash(kind, content) != id {
		err = fmt.Errorf("object %s has another content", id)
	}
	if err != nil {
		return nil, s.damaged(err)
	}
	return content, nil
}

// decodeTree returns the entries of a directory by name, without sizes. They are shared:
// nobody may change them.
func (s *store) decodeTree(id plumbing.Hash) ([]Entry, error) {
	if cached, found := s.trees.Get(id); found {
		if entries, ok := cached.([]Entry); ok {
			return entries, nil
		}
	}
	content, err := s.content(plumbing.TreeObject, id)
	if err != nil {
		return nil, err
	}
	entries, err := parseTree(content)
	if err != nil {
		return nil, failure(Invalid, "directory %s: %w", id, err)
	}
	s.trees.Add(id, entries)
	return entries, nil
}

// parseTree reads Git's form of a directory. Names that could lead out of it are refused.
func parseTree(content []byte) ([]Entry, error) {
	var entries []Entry
	for len(content) > 0 {
		mode, rest, foundMode := bytes.Cut(content, []byte(" "))
		name, rest, foundName := bytes.Cut(rest, []byte{0})
		if !foundMode || !foundName || len(rest) < len(plumbing.ZeroHash) {
			return nil, errors.New("is not in Git's form")
		}
		entry := Entry{Name: string(name), Kind: kindOf(string(mode))}
		if entry.Kind == 0 || !validName(entry.Name) {
			return nil, fmt.Errorf("holds an entry %q of mode %q", entry.Name, mode)
		}
		var id plumbing.Hash
		content = rest[copy(id[:], rest):]
		entry.ID = id.String()
		entries = append(entries, entry)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(entries); i++ {
		if entries[i].Name == entries[i-1].Name {
			return nil, fmt.Errorf("holds %q twice", entries[i].Name)
		}
	}
	return entries, nil
}

func validName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.Contains(name, "/")
}

func kindOf(mode string) Kind {
	switch mode {
	case "40000", "040000":
		return Directory
	case "100644", "100664", "100600", "100640":
		return File
	case "100755", "100775", "100700":
		return Executable
	case "120000":
		return Symlink
	case "160000":
		return Submodule
	}
	return 0
}
