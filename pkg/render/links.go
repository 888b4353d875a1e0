// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"path"
	"strings"

	"github.com/capstan-dev/capstan/pkg/source"
)

// maxLinks is how many symbolic links one path may lead through.
const maxLinks = 40

// links resolves symbolic links within a tree, which itself never follows one.
type links struct {
	tree source.Tree
}

// resolve returns the path that name leads to and what is there. A link that leaves the
// tree, or leads back to itself, is refused.
func (l links) resolve(name string) (string, source.Entry, error) {
	entry, err := l.tree.Stat(name)
	if err == nil && entry.Kind != source.Symlink {
		return name, entry, nil
	}
	if err != nil && !missing(err) {
		return "", source.Entry{}, err
	}
	return l.walk(name)
}

func (l links) walk(name string) (string, source.Entry, error) {
	at, hops := ".", 0
	entry, err := l.tree.Stat(at)
	for rest := strings.Split(name, "/"); err == nil && len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if at == "." {
				return "", entry, fault(ReasonRefused, name, "a symbolic link leads out of the repository")
			}
			at = path.Dir(at)
			entry, err = l.tree.Stat(at)
			continue
		}
		next := path.Join(at, part)
		if entry, err = l.tree.Stat(next); err != nil || entry.Kind != source.Symlink {
			at = next
			continue
		}
		if hops++; hops > maxLinks {
			return "", entry, fault(ReasonRefused, name, "symbolic links lead round in a circle")
		}
		target, readErr := l.tree.Read(next)
		if readErr != nil {
			return "", entry, readErr
		}
		if path.IsAbs(string(target)) {
			return "", entry, fault(ReasonRefused, next, "a symbolic link to an absolute path leads out of the repository")
		}
		rest = append(strings.Split(string(target), "/"), rest...)
		entry, err = l.tree.Stat(at)
	}
	return at, entry, err
}

// read returns the content of the file that name leads to.
func (l links) read(name string) ([]byte, error) {
	resolved, entry, err := l.resolve(name)
	if err != nil {
		return nil, err
	}
	switch entry.Kind {
	case source.Directory:
		return nil, fault(ReasonInvalid, name, "is a directory, not a file")
	case source.Submodule:
		return nil, errSubmodule(name)
	}
	return l.tree.Read(resolved)
}

func errSubmodule(path string) error {
	return fault(ReasonUnsupported, path,
		"is a Git submodule, and none are read here: start the server with --git-submodules")
}
