// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import "time"

// Kind is what a tree entry is.
type Kind uint8

// The kinds of a tree entry, as Git records them.
const (
	File Kind = iota + 1
	Executable
	Directory
	Symlink
	Submodule
)

// Entry is one name in a Tree.
type Entry struct {
	// Name is the last element of the entry's path; "." for the root.
	Name string
	// Kind is what the entry is.
	Kind Kind
	// ID is the Git object id (hexadecimal) of the entry's content: equal ids mean equal
	// content, for a directory that of everything below it.
	ID string
	// Size is the length of a file in bytes, 0 for anything else.
	Size int64
}

// Tree is an immutable directory tree. Paths are relative, slash-separated and clean; "."
// is the root. A path that the tree does not hold gives an error that wraps
// fs.ErrNotExist; symbolic links are entries and are never followed.
type Tree interface {
	Stat(path string) (Entry, error)
	List(path string) ([]Entry, error)
	Read(path string) ([]byte, error)
}

// Snapshot is one revision of a repository.
type Snapshot struct {
	// Repository is the URL that was asked for.
	Repository string
	// Revision is the full commit id.
	Revision string
	// Tree holds the files of the revision.
	Tree Tree
	// Author is "Name <address>" as the commit says.
	Author string
	// Date is when the commit was authored.
	Date time.Time
	// Message is the commit's message.
	Message string
}
