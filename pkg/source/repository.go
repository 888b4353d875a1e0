// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"golang.org/x/sync/singleflight"
)

// retryAfter is how long a failed query or fetch is answered from memory, so that many
// callers do not hammer a server that is down.
const retryAfter = 10 * time.Second

// repository is one URL read with one set of credentials.
type repository struct {
	owner  *Repositories
	name   string // the URL without a password
	normal string // the form that subscribers know
	dir    string
	remote remote

	flights singleflight.Group
	writing sync.Mutex // held while the store changes

	mu      sync.Mutex
	store   *store
	refs    *refs
	epoch   uint64
	used    time.Time
	failed  map[string]remembered // by query or commit
	answers map[string]answer     // by the beginning of a commit id
	// largeBytes is how much of what Git LFS keeps is on disk.
	largeBytes int64
}

// remembered is an error that is given again until a time, or, where it says nothing but
// that something does not exist, until the references change.
type remembered struct {
	err     error
	until   time.Time
	epoch   uint64
	version uint64
}

func (m remembered) holds(now time.Time, epoch, version uint64) bool {
	return m.err != nil && (m.epoch == epoch && now.Before(m.until) || m.version != 0 && m.version == version)
}

// snapshot resolves a revision and returns its commit, fetched where it is missing.
func (r *repository) snapshot(ctx context.Context, revision, tagPrefix string) (*Snapshot, error) {
	r.touch()
	for attempt := 1; ; attempt++ {
		found, err := r.resolve(ctx, revision, tagPrefix)
		if err != nil {
			return nil, err
		}
		snapshot, err := r.read(ctx, found)
		// A push can remove what the references named a moment ago: ask once more.
		_, pinned := fullID(revision)
		if reasonOf(err) == NotFound && !pinned && attempt == 1 {
			r.invalidate()
			continue
		}
		return snapshot, err
	}
}

func (r *repository) resolve(ctx context.Context, revision, tagPrefix string) (target, error) {
	if id, full := fullID(revision); full {
		return target{object: id, commit: id}, nil
	}
	current, err := r.current(ctx)
	if err != nil {
		return target{}, err
	}
	found, err := current.resolve(revision, tagPrefix)
	if reasonOf(err) == NotFound && shortID(revision) {
		return r.abbreviated(ctx, current, revision)
	}
	return found, err
}

// read returns the snapshot of a commit. A store that turns out to be damaged is
// replaced once.
func (r *repository) read(ctx context.Context, wanted target) (*Snapshot, error) {
	for attempt := 1; ; attempt++ {
		held, err := r.ensure(ctx, wanted)
		if err != nil {
			return nil, err
		}
		snapshot, err := held.snapshot(wanted.commit)
		if reasonOf(err) == Damaged && attempt == 1 {
			continue
		}
		return snapshot, err
	}
}

func (s *store) snapshot(id plumbing.Hash) (*Snapshot, error) {
	if cached, found := s.heads.Get(id); found {
		if snapshot, ok := cached.(Snapshot); ok {
			return &snapshot, nil
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	commit, err := s.commitObject(id)
	if err != nil {
		if reasonOf(err) == Damaged {
			return nil, s.damaged(err)
		}
		return nil, err
	}
	snapshot := Snapshot{
		Revision: id.String(),
		Tree:     gitTree{store: s, root: commit.TreeHash},
		Author:   commit.Author.Name + " <" + commit.Author.Email + ">",
		Date:     commit.Author.When,
		Message:  commit.Message,
	}
	s.heads.Add(id, snapshot)
	return &snapshot, nil
}

// current returns references that are not older than the interval.
func (r *repository) current(ctx context.Context) (*refs, error) {
	r.mu.Lock()
	fresh, epoch := r.fresh(), r.epoch
	known := r.failed["refs"]
	now := r.owner.options.Clock.Now()
	r.mu.Unlock()
	if fresh != nil {
		return fresh, nil
	}
	if known.holds(now, epoch, 0) {
		return nil, known.err
	}
	// Who asks after an invalidation must not join a query that began before it.
	return share(ctx, r, fmt.Sprint("refs ", epoch), func(ctx context.Context) (*refs, error) {
		return r.query(ctx, epoch)
	})
}

// fresh returns the references where they are new enough; the caller holds the lock.
func (r *repository) fresh() *refs {
	age := r.owner.options.PollInterval
	if r.refs != nil && r.refs.epoch == r.epoch && r.owner.options.Clock.Since(r.refs.at) < age {
		return r.refs
	}
	return nil
}

func (r *repository) query(ctx context.Context, epoch uint64) (*refs, error) {
	r.mu.Lock()
	fresh := r.fresh()
	r.mu.Unlock()
	if fresh != nil {
		return fresh, nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.owner.options.QueryTimeout)
	defer cancel()
	began := r.owner.options.Clock.Now()
	found, err := r.remote.refs(ctx)
	r.owner.metrics.observe(r.name, lsRemote, r.owner.options.Clock.Since(began), err)

	if err != nil {
		r.remember("refs", remembered{err: err, epoch: epoch})
		return nil, err
	}
	found.at, found.epoch = began, epoch
	if r.replaceRefs(found) {
		r.owner.notify(r.normal)
	}
	return found, nil
}

// replaceRefs takes new references up and tells whether they differ from others before.
func (r *repository) replaceRefs(found *refs) (changed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.refs
	r.refs = found
	if before == nil {
		found.version = 1
		return false
	}
	found.version = before.version
	if before.equal(found) {
		return false
	}
	found.version++
	clear(r.answers)
	return true
}

// remember keeps a failure for a short while.
func (r *repository) remember(key string, known remembered) {
	const most = 1000
	known.until = r.owner.options.Clock.Now().Add(min(retryAfter, r.owner.options.PollInterval))
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.failed) >= most {
		clear(r.failed)
	}
	r.failed[key] = known
}

func (r *repository) touch() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used = r.owner.options.Clock.Now()
}

func (r *repository) invalidate() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch++
}

// share runs a function once for all who ask for the same at the same time. It goes on
// where one of them stops waiting.
func share[T any](ctx context.Context, r *repository, key string, run func(context.Context) (T, error)) (T, error) {
	return shareIn(ctx, &r.flights, key, run)
}

func shareIn[T any](
	ctx context.Context, flights *singleflight.Group, key string, run func(context.Context) (T, error),
) (T, error) {
	var none T
	answer := flights.DoChan(key, func() (any, error) { return run(context.WithoutCancel(ctx)) })
	select {
	case <-ctx.Done():
		return none, failure(Unreachable, "gave up waiting for the server: %w", ctx.Err())
	case result := <-answer:
		value, ok := result.Val.(T)
		if !ok && result.Err == nil {
			return none, errors.New("no answer")
		}
		return value, result.Err
	}
}
