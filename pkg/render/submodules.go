// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/capstan-dev/capstan/pkg/source"
)

// Submodules lends a render the trees of Git submodules. One is fetched when a render first looks into it.
type Submodules interface {
	// Origin names a repository and what it is read with. It asks no server, and fails where the repository must not be
	// read.
	Origin(repository string) (string, error)
	// Commit returns the tree of a commit of a repository.
	Commit(ctx context.Context, repository, commit string) (source.Tree, error)
}

const (
	// maxSubmodules bounds the submodules that one render looks into.
	maxSubmodules = 100
	// maxSubmoduleDepth bounds how deep submodules stand in submodules.
	maxSubmoduleDepth = 8
	maxModulesBytes   = 256 << 10
)

// openTree shows submodules as directories, which they are where they can be looked into.
type openTree struct{ source.Tree }

// Stat returns the entry of a path.
func (t openTree) Stat(name string) (source.Entry, error) {
	entry, err := t.Tree.Stat(name)
	return opened(entry), err
}

// List returns the entries of a directory.
func (t openTree) List(name string) ([]source.Entry, error) {
	entries, err := t.Tree.List(name)
	entries = slices.Clone(entries)
	for i := range entries {
		entries[i] = opened(entries[i])
	}
	return entries, err
}

// bare returns the tree behind an openTree.
func bare(tree source.Tree) source.Tree {
	if shown, isOpen := tree.(openTree); isOpen {
		return shown.Tree
	}
	return tree
}

func opened(entry source.Entry) source.Entry {
	if entry.Kind == source.Submodule {
		entry.Kind = source.Directory
	}
	return entry
}

// opened returns the input with trees whose submodules are directories, where some are lent.
func (i Input) opened() Input {
	if i.Submodules == nil {
		return i
	}
	i.Tree = openTree{i.Tree}
	i.Mounts = slices.Clone(i.Mounts)
	for at := range i.Mounts {
		i.Mounts[at].Tree = openTree{i.Mounts[at].Tree}
	}
	return i
}

// lentTree is the tree of a submodule.
type lentTree struct {
	tree       source.Tree
	repository string
}

// spot is where a question leads: a path in a tree, and whether that is lent.
type spot struct {
	tree source.Tree
	path string
	lent bool
}

// locate follows a path of a mount into submodules. itself leaves out the one that the path ends at.
func (r *recorder) locate(ctx context.Context, mount, name string, itself bool) (spot, error) {
	if mount == lentMount {
		if r.lent == nil {
			return spot{}, fmt.Errorf("%w: no chart is lent", errNonsense)
		}
		return spot{tree: r.lent, path: name, lent: true}, nil
	}
	tree, mounted := r.input.tree(mount)
	if !mounted {
		return spot{}, fmt.Errorf("%w: mount %q", errNonsense, mount)
	}
	at := lentTree{tree: tree, repository: r.input.repository(mount)}
	for depth := 0; ; depth++ {
		link, found := crossing(at.tree, name, itself)
		if !found {
			return spot{tree: at.tree, path: name, lent: depth > 0}, nil
		}
		if depth == maxSubmoduleDepth {
			return spot{}, countLimit("depth of submodules", maxSubmoduleDepth)
		}
		inside, err := r.enter(ctx, at, link)
		if err != nil {
			return spot{}, err
		}
		if depth == 0 {
			for _, file := range []string{link, source.ModulesFile} {
				r.record(read{Op: frameRead, Path: file, Mount: mount, Answer: idAt(at.tree, file)})
			}
		}
		at, name = inside, path.Clean(strings.TrimPrefix(strings.TrimPrefix(name, link), "/"))
	}
}

// crossing returns the submodule of a tree that a path leads into.
func crossing(tree source.Tree, name string, itself bool) (link string, found bool) {
	shown, isOpen := tree.(openTree)
	if !isOpen {
		return "", false
	}
	for end := 0; end < len(name); end++ {
		next := strings.IndexByte(name[end:], '/')
		if next < 0 {
			next = len(name) - end
		}
		end += next
		entry, err := shown.Tree.Stat(name[:end])
		if err != nil || entry.Kind == source.Submodule {
			return name[:end], err == nil && (end < len(name) || !itself)
		}
	}
	return "", false
}

// enter lends a submodule by its place in a tree.
func (r *recorder) enter(ctx context.Context, from lentTree, link string) (lentTree, error) {
	entry, err := from.tree.Stat(link)
	if err != nil {
		return lentTree{}, err
	}
	key := from.repository + "\x00" + link + "\x00" + entry.ID
	if known, entered := r.submodules[key]; entered {
		return known, nil
	}
	if len(r.submodules) == maxSubmodules {
		return lentTree{}, countLimit("number of submodules that a render looks into", maxSubmodules)
	}
	named := fmt.Sprintf("submodule %q", link)
	url, err := submoduleURL(from, link)
	if err != nil {
		return lentTree{}, &DependencyError{Dependency: named, Err: err}
	}
	lent, err := r.lend(ctx, url, entry.ID)
	if err != nil {
		return lentTree{}, &DependencyError{Dependency: fmt.Sprintf("%s of %q", named, withoutSecrets(url)), Err: err}
	}
	r.submodules[key] = lent
	return lent, nil
}

func (r *recorder) lend(ctx context.Context, url, commit string) (lentTree, error) {
	origin, err := r.input.Submodules.Origin(url)
	if err != nil {
		// It may quote the URL, in which a repository can hold a token.
		return lentTree{}, errors.New(strings.ReplaceAll(err.Error(), url, withoutSecrets(url)))
	}
	tree, err := r.input.Submodules.Commit(ctx, url, commit)
	if err != nil {
		return lentTree{}, err
	}
	r.record(read{Op: readOrigin, Path: url, Answer: origin})
	return lentTree{tree: openTree{tree}, repository: url}, nil
}

// submoduleURL reads where a submodule is from.
func submoduleURL(from lentTree, link string) (string, error) {
	entry, err := from.tree.Stat(source.ModulesFile)
	switch {
	case err != nil && missing(err):
		return "", errors.New("the repository has no " + source.ModulesFile + ": add it, as git submodule add does")
	case err != nil:
		return "", err
	case entry.Kind != source.File && entry.Kind != source.Executable:
		return "", errors.New(source.ModulesFile + " is not a file")
	case entry.Size > maxModulesBytes:
		return "", bytesLimit("size of "+source.ModulesFile, maxModulesBytes)
	}
	listed, err := from.tree.Read(source.ModulesFile)
	if err != nil {
		return "", err
	}
	return source.SubmoduleURL(listed, from.repository, link)
}

// submoduleHolds reports whether a repository is read as it was.
func submoduleHolds(input Input, repository, origin string) bool {
	if input.Submodules == nil {
		return false
	}
	now, err := input.Submodules.Origin(repository)
	return err == nil && now == origin
}
