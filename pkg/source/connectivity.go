// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"maps"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

const mostCheckedTrees = 1 << 18

// check fails where anything that a commit holds is missing: as Git after a fetch, what
// a server claims to have sent is not believed. The caller holds the lock.
func (s *store) check(id plumbing.Hash) error {
	commit, err := s.commitObject(id)
	if err != nil {
		return err
	}
	if len(s.checked) > mostCheckedTrees {
		clear(s.checked)
	}
	seen := map[plumbing.Hash]bool{}
	pending := []plumbing.Hash{commit.TreeHash}
	for len(pending) > 0 {
		tree := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if s.checked[tree] || seen[tree] {
			continue
		}
		entries, err := s.decodeTree(tree)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			switch entry.Kind {
			case Submodule:
			case Directory:
				pending = append(pending, plumbing.NewHash(entry.ID))
			default:
				if err := s.objects.HasEncodedObject(plumbing.NewHash(entry.ID)); err != nil {
					return failure(Damaged, "the server sent a commit without all of its files: ask again")
				}
			}
		}
		seen[tree] = true
	}
	// Only now is everything below each of them known to be there.
	maps.Copy(s.checked, seen)
	return nil
}

func (s *store) commitObject(id plumbing.Hash) (*object.Commit, error) {
	encoded, err := s.objects.EncodedObject(plumbing.AnyObject, id)
	if err != nil {
		return nil, failure(Damaged, "commit %s is missing: ask again", id)
	}
	if encoded.Type() != plumbing.CommitObject {
		return nil, failure(Invalid, "names a %s, not a commit: name a branch, a tag of a commit or a commit id",
			encoded.Type())
	}
	commit := &object.Commit{}
	if err := commit.Decode(encoded); err != nil {
		return nil, failure(Damaged, "commit %s cannot be read: ask again", id)
	}
	return commit, nil
}
