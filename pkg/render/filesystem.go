// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/capstan-dev/capstan/pkg/source"
)

// mountPoint is where kustomize sees the tree. It is not the root, so that a path which
// leads out of the repository is seen as such.
const mountPoint = "/repository"

var errReadOnly = errors.New("the repository is read-only")

// treeFS shows a tree to kustomize as a read-only file system, with some files edited.
type treeFS struct {
	links  links
	edited map[string][]byte
	// inspect is called with each kustomization before kustomize sees it.
	inspect func(path string, data []byte) error
	// refused is the first thing that was refused: kustomize swallows such errors where it
	// merely tries a path.
	refused error
}

var _ filesys.FileSystem = (*treeFS)(nil)

func (f *treeFS) lookup(name string) (string, source.Entry, error) {
	clean := path.Clean(name)
	if clean == mountPoint {
		clean = mountPoint + "/."
	}
	inside, ok := strings.CutPrefix(clean, mountPoint+"/")
	if !ok {
		return "", source.Entry{}, f.refuse(fault(ReasonRefused, "", "%q leads out of the repository", name))
	}
	resolved, entry, err := f.links.resolve(inside)
	switch {
	case err != nil && missing(err):
		return "", entry, &fs.PathError{Op: "open", Path: inside, Err: fs.ErrNotExist}
	case err != nil:
		return "", entry, f.refuse(err)
	case entry.Kind == source.Submodule:
		return "", entry, f.refuse(errSubmodule(inside))
	}
	return resolved, entry, nil
}

func (f *treeFS) refuse(err error) error {
	if f.refused == nil {
		f.refused = err
	}
	return err
}

// IsDir reports whether name is a directory.
func (f *treeFS) IsDir(name string) bool {
	_, entry, err := f.lookup(name)
	return err == nil && entry.Kind == source.Directory
}

// Exists reports whether name exists.
func (f *treeFS) Exists(name string) bool {
	_, _, err := f.lookup(name)
	return err == nil
}

// ReadDir returns the names in a directory.
func (f *treeFS) ReadDir(name string) ([]string, error) {
	resolved, _, err := f.lookup(name)
	if err != nil {
		return nil, err
	}
	entries, err := f.links.tree.List(resolved)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name
	}
	return names, nil
}

// CleanedAbs returns the directory and the file that name leads to, links resolved.
func (f *treeFS) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	resolved, entry, err := f.lookup(name)
	if err != nil {
		return "", "", err
	}
	at := path.Join(mountPoint, resolved)
	if entry.Kind == source.Directory {
		return filesys.ConfirmedDir(at), "", nil
	}
	return filesys.ConfirmedDir(path.Dir(at)), path.Base(at), nil
}

// ReadFile returns the content of a file.
func (f *treeFS) ReadFile(name string) ([]byte, error) {
	resolved, entry, err := f.lookup(name)
	if err != nil {
		return nil, err
	}
	if entry.Kind == source.Directory {
		return nil, fault(ReasonInvalid, resolved, "is a directory, not a file")
	}
	data, isEdited := f.edited[resolved]
	if !isEdited {
		if data, err = f.links.tree.Read(resolved); err != nil {
			return nil, err
		}
	}
	if isKustomization(path.Base(resolved)) {
		if err := f.inspect(resolved, data); err != nil {
			return nil, f.refuse(err)
		}
	}
	return data, nil
}

// Open is not offered: kustomize builds from ReadFile.
func (f *treeFS) Open(string) (filesys.File, error) { return nil, errReadOnly }

// Create fails.
func (f *treeFS) Create(string) (filesys.File, error) { return nil, errReadOnly }

// Mkdir fails.
func (f *treeFS) Mkdir(string) error { return errReadOnly }

// MkdirAll fails.
func (f *treeFS) MkdirAll(string) error { return errReadOnly }

// RemoveAll fails.
func (f *treeFS) RemoveAll(string) error { return errReadOnly }

// WriteFile fails.
func (f *treeFS) WriteFile(string, []byte) error { return errReadOnly }

// Glob is not offered: a build does not need it.
func (f *treeFS) Glob(string) ([]string, error) { return nil, errReadOnly }

// Walk is not offered: a build does not need it.
func (f *treeFS) Walk(string, filepath.WalkFunc) error { return errReadOnly }
