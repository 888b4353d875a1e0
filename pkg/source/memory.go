// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// MemoryFile is one file of a tree in memory.
type MemoryFile struct {
	// Kind is File where it is zero; Directory is not used.
	Kind Kind
	// Content is what the file holds, the target of a link, or a submodule's commit id.
	Content string
}

// Memory returns a Tree of plain files by path, with the object ids that Git would give.
func Memory(files map[string]string) Tree {
	all := make(map[string]MemoryFile, len(files))
	for name, content := range files {
		all[name] = MemoryFile{Content: content}
	}
	return MemoryOf(all)
}

// MemoryOf returns a Tree of files of any kind by path. A path that is also the
// directory of another one is a directory.
func MemoryOf(files map[string]MemoryFile) Tree {
	tree := memoryTree{entries: map[string]Entry{}, lists: map[string][]Entry{}, contents: map[string]string{}}
	root := &memoryDir{dirs: map[string]*memoryDir{}, files: map[string]MemoryFile{}}
	for name, file := range files {
		file.Kind = cmp.Or(file.Kind, File)
		root.add(strings.Split(strings.TrimPrefix(path.Clean("/"+name), "/"), "/"), file)
	}
	tree.entries["."] = tree.index(root, ".")
	return tree
}

type memoryDir struct {
	dirs  map[string]*memoryDir
	files map[string]MemoryFile
}

func (d *memoryDir) add(segments []string, file MemoryFile) {
	if len(segments) == 1 {
		d.files[segments[0]] = file
		return
	}
	below, found := d.dirs[segments[0]]
	if !found {
		below = &memoryDir{dirs: map[string]*memoryDir{}, files: map[string]MemoryFile{}}
		d.dirs[segments[0]] = below
	}
	below.add(segments[1:], file)
}

type memoryTree struct {
	entries  map[string]Entry
	lists    map[string][]Entry
	contents map[string]string
}

// index fills the maps with what is below a directory and returns the directory's entry.
func (t memoryTree) index(dir *memoryDir, at string) Entry {
	list := []Entry{}
	for name, below := range dir.dirs {
		list = append(list, t.index(below, path.Join(at, name)))
	}
	for name, file := range dir.files {
		if _, isDir := dir.dirs[name]; isDir {
			continue
		}
		full := path.Join(at, name)
		t.entries[full] = fileEntry(name, file)
		t.contents[full] = file.Content
		list = append(list, t.entries[full])
	}
	slices.SortFunc(list, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	t.lists[at] = list
	id := plumbing.ComputeHash(plumbing.TreeObject, encodeTree(list))
	t.entries[at] = Entry{Name: path.Base(at), Kind: Directory, ID: id.String()}
	return t.entries[at]
}

func fileEntry(name string, file MemoryFile) Entry {
	entry := Entry{Name: name, Kind: file.Kind, ID: file.Content}
	if file.Kind != Submodule {
		entry.ID = plumbing.ComputeHash(plumbing.BlobObject, []byte(file.Content)).String()
	}
	if file.Kind == File || file.Kind == Executable {
		entry.Size = int64(len(file.Content))
	}
	return entry
}

// encodeTree writes Git's form of a directory; Git sorts directories as if their names
// ended with a slash.
func encodeTree(list []Entry) []byte {
	sortName := func(e Entry) string {
		if e.Kind == Directory {
			return e.Name + "/"
		}
		return e.Name
	}
	modes := map[Kind]string{
		File: "100644", Executable: "100755", Directory: "40000", Symlink: "120000", Submodule: "160000",
	}
	var content []byte
	for _, entry := range slices.SortedFunc(slices.Values(list), func(a, b Entry) int {
		return strings.Compare(sortName(a), sortName(b))
	}) {
		id := plumbing.NewHash(entry.ID)
		content = append(content, modes[entry.Kind]+" "+entry.Name+"\x00"...)
		content = append(content, id[:]...)
	}
	return content
}

// Stat returns the entry of a path.
func (t memoryTree) Stat(name string) (Entry, error) {
	entry, found := t.entries[name]
	if !found {
		return Entry{}, pathError("stat", name, missing(name))
	}
	return entry, nil
}

// List returns the entries of a directory by name.
func (t memoryTree) List(name string) ([]Entry, error) {
	entry, err := t.Stat(name)
	if err != nil {
		return nil, err
	}
	if entry.Kind != Directory {
		return nil, pathError("list", name, errors.New("is not a directory"))
	}
	return slices.Clone(t.lists[name]), nil
}

// Read returns the content of a file, or the target of a symbolic link.
func (t memoryTree) Read(name string) ([]byte, error) {
	entry, err := t.Stat(name)
	if err != nil {
		return nil, err
	}
	if entry.Kind == Directory || entry.Kind == Submodule {
		return nil, pathError("read", name, errors.New("is not a file"))
	}
	return []byte(t.contents[name]), nil
}

func missing(name string) error {
	if !fs.ValidPath(name) {
		return fs.ErrInvalid
	}
	return fs.ErrNotExist
}
