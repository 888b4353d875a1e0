// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Author is who wrote or committed something, as a commit says: anybody can write anybody's name there.
type Author struct{ Name, Email string }

// maxRange bounds how many commits are read to find authors.
const maxRange = 10000

// Authors returns who wrote, committed or co-authored the commits that lead to a commit and not to the one before it,
// by name. Without one before, it is who made the commit itself. whole is false where not all of them could be read.
func (r *Repositories) Authors(
	ctx context.Context, request Request, before string,
) (authors []Author, whole bool, err error) {
	to, full := fullID(request.Revision)
	if !full || request.OfCharts() {
		return nil, false, nil
	}
	repository, err := r.repository(strings.TrimSpace(request.URL), request.Credentials)
	if err != nil {
		return nil, false, about(err, redacted(request.URL), "")
	}
	since, _ := fullID(before)
	if held := repository.held(to); held != nil {
		if found, ok := held.authorsOf(to, since); ok {
			return found, true, nil
		}
	}
	held, err := repository.withHistory(ctx)
	if err != nil || held == nil {
		return nil, false, err
	}
	authors, whole = held.authorsBetween(since, to)
	return authors, whole, nil
}

// withHistory returns the store once it has the history of every branch and tag.
func (r *repository) withHistory(ctx context.Context) (*store, error) {
	return share(ctx, r, "history", func(ctx context.Context) (*store, error) {
		ctx, cancel := context.WithTimeout(ctx, r.owner.options.FetchTimeout)
		defer cancel()
		r.writing.Lock()
		defer r.writing.Unlock()
		r.open()
		return r.complete(ctx)
	})
}

// authorsOf returns the authors of one commit, where it is all that lies behind the one before it, or there is none.
func (s *store) authorsOf(id, before plumbing.Hash) ([]Author, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	commit, err := s.commitObject(id)
	if err != nil {
		return nil, false
	}
	alone := len(commit.ParentHashes) == 1 && commit.ParentHashes[0] == before
	if !before.IsZero() && !alone {
		return nil, false
	}
	return sorted(authorsIn(commit, coAuthors())), true
}

// authorsBetween walks from a commit to all that the one before it does not lead to.
func (s *store) authorsBetween(before, to plumbing.Hash) (authors []Author, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, whole := s.ancestors(before, nil, nil)
	trailer := coAuthors()
	_, reached := s.ancestors(to, known, func(commit *object.Commit) {
		authors = append(authors, authorsIn(commit, trailer)...)
	})
	return sorted(authors), whole && reached
}

// ancestors visits a commit and all that it leads to but what is known. It reports whether all of them were there; the
// caller holds s.mu.
func (s *store) ancestors(
	from plumbing.Hash, known map[plumbing.Hash]bool, visit func(*object.Commit),
) (seen map[plumbing.Hash]bool, whole bool) {
	seen, whole = map[plumbing.Hash]bool{}, true
	next := []plumbing.Hash{from}
	for len(next) > 0 {
		id := next[len(next)-1]
		next = next[:len(next)-1]
		if seen[id] || known[id] {
			continue
		}
		if len(seen) >= maxRange && visit != nil {
			return seen, false
		}
		seen[id] = true
		commit, err := s.commitObject(id)
		if err != nil {
			whole = false
			continue
		}
		if visit != nil {
			visit(commit)
		}
		next = append(next, commit.ParentHashes...)
	}
	return seen, whole
}

// coAuthors matches the trailers that name co-authors, by name and address.
func coAuthors() *regexp.Regexp {
	return regexp.MustCompile(`(?im)^co-authored-by:\s*(.*?)\s*<([^>]*)>\s*$`)
}

// authorsIn are all whom a commit names, those of its trailers included.
func authorsIn(commit *object.Commit, trailer *regexp.Regexp) []Author {
	authors := []Author{{commit.Author.Name, commit.Author.Email}, {commit.Committer.Name, commit.Committer.Email}}
	for _, match := range trailer.FindAllStringSubmatch(commit.Message, -1) {
		authors = append(authors, Author{match[1], match[2]})
	}
	for i := range authors {
		authors[i] = Author{printable(authors[i].Name), printable(authors[i].Email)}
	}
	return authors
}

func sorted(authors []Author) []Author {
	slices.SortFunc(authors, func(a, b Author) int {
		return strings.Compare(a.Email+"\x00"+a.Name, b.Email+"\x00"+b.Name)
	})
	return slices.Compact(authors)
}
