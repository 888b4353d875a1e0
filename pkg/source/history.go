// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// fetchHistory gets all branches and tags with their history, and returns the store
// where it then holds the commit. From then on the repository is kept with its history.
func (r *repository) fetchHistory(ctx context.Context, wanted plumbing.Hash) (*store, error) {
	held, err := r.complete(ctx)
	if err != nil {
		return nil, err
	}
	if held == nil || !held.has(wanted) {
		return nil, failure(NotFound, "no branch or tag of the repository leads to this commit")
	}
	return held, nil
}

// complete brings the history of every branch and tag; the caller holds r.writing.
func (r *repository) complete(ctx context.Context) (*store, error) {
	current, err := r.current(ctx)
	if err != nil {
		return nil, err
	}
	held := r.present()
	if held != nil && held.mode != historyMode {
		held = nil
	}
	var missing []plumbing.Hash
	tips := current.tips()
	for _, tip := range tips {
		if held == nil || !held.contains(tip.object) {
			missing = append(missing, tip.object)
		}
	}
	if len(missing) == 0 {
		return held, nil
	}
	return r.extend(ctx, historyMode, missing, func(into *store) error {
		commits := make([]plumbing.Hash, 0, len(tips))
		for _, tip := range tips {
			// A tag may name something else than a commit: it is no revision, and no fault.
			if into.isCommit(tip.commit) {
				commits = append(commits, tip.commit)
			}
		}
		return into.admit(commits...)
	})
}

// tips are the branches and tags.
func (r *refs) tips() []target {
	seen := map[plumbing.Hash]bool{}
	var tips []target
	for name := range r.ids {
		tip := r.named(name)
		if (strings.HasPrefix(name, "refs/heads/") || strings.HasPrefix(name, "refs/tags/")) && !seen[tip.object] {
			seen[tip.object] = true
			tips = append(tips, tip)
		}
	}
	return tips
}

// answer is what the beginning of a commit id was found to mean.
type answer struct {
	found target
	err   error
}

// abbreviated finds the one commit whose id begins with some digits: among what the
// references name, else in the history.
func (r *repository) abbreviated(ctx context.Context, current *refs, digits string) (target, error) {
	digits = strings.ToLower(digits)
	r.mu.Lock()
	known, found := r.answers[digits]
	r.mu.Unlock()
	if found {
		return known.found, known.err
	}
	var tips []target
	for name := range current.ids {
		tip := current.named(name)
		if strings.HasPrefix(tip.commit.String(), digits) && !containsCommit(tips, tip) {
			tips = append(tips, tip)
		}
	}
	if len(tips) > 0 {
		return only(tips)
	}
	return share(ctx, r, "search "+digits, func(ctx context.Context) (target, error) {
		return r.search(ctx, current, digits)
	})
}

func only(found []target) (target, error) {
	switch len(found) {
	case 0:
		return target{}, failure(NotFound, "no branch, tag or commit of the repository has this name")
	case 1:
		return found[0], nil
	default:
		return target{}, failure(Ambiguous, "%d commits begin with these digits: write more of them", len(found))
	}
}

func containsCommit(targets []target, wanted target) bool {
	return slices.ContainsFunc(targets, func(t target) bool { return t.commit == wanted.commit })
}

// search looks for a commit by the beginning of its id, with the history at hand. The
// answer holds until the references change.
func (r *repository) search(ctx context.Context, current *refs, digits string) (target, error) {
	ctx, cancel := context.WithTimeout(ctx, r.owner.options.FetchTimeout)
	defer cancel()
	r.writing.Lock()
	defer r.writing.Unlock()
	r.open()
	held, err := r.complete(ctx)
	if err != nil {
		return target{}, err
	}
	var found []target
	if held != nil {
		ids, err := held.commitsWith(digits)
		if err != nil {
			return target{}, err
		}
		for _, id := range ids {
			found = append(found, target{object: id, commit: id})
		}
	}
	var given answer
	given.found, given.err = only(found)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.version() == current.version && len(r.answers) < 1000 {
		r.answers[digits] = given
	}
	return given.found, given.err
}

func (s *store) commitsWith(digits string) ([]plumbing.Hash, error) {
	prefix, err := hex.DecodeString(digits[:len(digits)/2*2])
	if err != nil {
		return nil, failure(Invalid, "is not a commit id")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, err := s.objects.HashesWithPrefix(prefix)
	if err != nil {
		return nil, s.damaged(err)
	}
	return slices.DeleteFunc(ids, func(id plumbing.Hash) bool {
		if !strings.HasPrefix(id.String(), digits) {
			return true
		}
		_, err := s.commitObject(id)
		return err != nil
	}), nil
}

func (s *store) isCommit(id plumbing.Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.commitObject(id)
	return reasonOf(err) != Invalid
}

// contains tells whether an object is there, whatever it needs.
func (s *store) contains(id plumbing.Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects.HasEncodedObject(id) == nil
}
