// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Fetching is a Tree with files that Git itself does not keep.
type Fetching interface {
	Tree
	// Fetch returns what Read does, but of a file that Git LFS keeps what it holds.
	Fetch(ctx context.Context, path string) ([]byte, error)
}

// Read returns the content of a file, or the target of a symbolic link, of any Tree.
func Read(ctx context.Context, tree Tree, path string) ([]byte, error) {
	if fetching, ok := tree.(Fetching); ok {
		return fetching.Fetch(ctx, path)
	}
	return tree.Read(path)
}

// largeTree is a tree of a repository whose Secret asks for Git LFS.
type largeTree struct {
	Tree
	repository *repository
}

var _ Fetching = largeTree{}

// Fetch resolves pointers of Git LFS.
func (t largeTree) Fetch(ctx context.Context, name string) ([]byte, error) {
	content, err := t.Read(name)
	if err != nil {
		return nil, err
	}
	wanted, isPointer := parsePointer(content)
	entry, err := t.Stat(name)
	if err != nil || !isPointer || entry.Kind != File && entry.Kind != Executable {
		return content, err
	}
	if content, err = t.repository.large(ctx, wanted); err != nil {
		return nil, pathError("read", name, about(err, t.repository.name, ""))
	}
	return content, nil
}

// pointer stands in Git for a file that LFS keeps.
type pointer struct {
	ID   string `json:"oid"`
	Size int64  `json:"size"`
}

// maxPointerBytes is the length below which a file may be a pointer (Git LFS' specification).
const maxPointerBytes = 1024

func parsePointer(content []byte) (found pointer, ok bool) {
	if len(content) >= maxPointerBytes || !bytes.HasPrefix(content, []byte("version https://git-lfs.github.com/spec/v1\n")) {
		return pointer{}, false
	}
	found.Size = -1
	for line := range strings.Lines(string(content)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "oid":
			found.ID, _ = strings.CutPrefix(value, "sha256:")
		case "size":
			size, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return pointer{}, false
			}
			found.Size = size
		}
	}
	return found, len(found.ID) == 2*sha256.Size && strings.Trim(found.ID, "0123456789abcdef") == "" && found.Size >= 0
}

// matches tells whether a content is the one that the pointer stands for.
func (p pointer) matches(content []byte) bool {
	sum := sha256.Sum256(content)
	return int64(len(content)) == p.Size && hex.EncodeToString(sum[:]) == p.ID
}

// large returns what a pointer stands for: from the disk, else from the server.
func (r *repository) large(ctx context.Context, wanted pointer) ([]byte, error) {
	if wanted.Size > r.owner.bounds.file {
		return nil, failure(TooLarge, "Git LFS keeps %d bytes for it, the limit is %d", wanted.Size, r.owner.bounds.file)
	}
	if kept, ok := r.kept(wanted); ok {
		return kept, nil
	}
	key := fmt.Sprint("lfs ", wanted.ID, wanted.Size)
	r.mu.Lock()
	known, epoch := r.failed[key], r.epoch
	r.mu.Unlock()
	if known.holds(r.owner.options.Clock.Now(), epoch, 0) {
		return nil, known.err
	}
	return share(ctx, r, key, func(ctx context.Context) ([]byte, error) {
		content, err := r.fetchLarge(ctx, wanted)
		if err != nil {
			r.remember(key, remembered{err: err, epoch: epoch})
			return nil, err
		}
		r.keep(ctx, wanted, content)
		return content, nil
	})
}

func (r *repository) fetchLarge(ctx context.Context, wanted pointer) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, r.owner.options.FetchTimeout)
	defer cancel()
	if err := r.owner.fetching.Acquire(ctx, 1); err != nil {
		return nil, failure(Unreachable, "gave up waiting for other fetches: %w", err)
	}
	defer r.owner.fetching.Release(1)
	server, ok := r.remote.(*httpRemote)
	if !ok {
		return nil, failure(Invalid, "Git LFS is read over HTTP alone: write the https URL of the repository in the source "+
			"and in its Secret")
	}
	content, err := server.object(ctx, wanted)
	if err == nil && !wanted.matches(content) {
		err = failure(Damaged, "the server of Git LFS sent something else than the commit names: push the file again")
	}
	return content, err
}
