// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// ensure returns a store that holds a commit as a whole.
func (r *repository) ensure(ctx context.Context, wanted target) (*store, error) {
	if held := r.held(wanted.commit); held != nil {
		return held, nil
	}
	key := wanted.commit.String()
	r.mu.Lock()
	known, epoch, version := r.failed[key], r.epoch, r.version()
	r.mu.Unlock()
	if known.holds(r.owner.options.Clock.Now(), epoch, version) {
		return nil, known.err
	}
	return share(ctx, r, "fetch "+key, func(ctx context.Context) (*store, error) {
		held, err := r.fetch(ctx, wanted)
		if err != nil {
			r.remember(key, remembered{err: err, epoch: epoch, version: r.final(err)})
		}
		return held, err
	})
}

// version is that of the references, 0 before the first query; the caller holds the lock.
func (r *repository) version() uint64 {
	if r.refs == nil {
		return 0
	}
	return r.refs.version
}

// final returns the version of the references under which asking again cannot help, 0
// where it can. A server's own refusal may be a passing one.
func (r *repository) final(err error) uint64 {
	var refused *refusedError
	reason := reasonOf(err)
	if errors.As(err, &refused) || reason != NotFound && reason != TooLarge {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.version()
}

// held returns the store where it already holds a commit.
func (r *repository) held(commit plumbing.Hash) *store {
	r.mu.Lock()
	held := r.store
	r.mu.Unlock()
	if held != nil && held.has(commit) {
		return held
	}
	return nil
}

// fetch gets a commit from the server, alone where the server gives it alone, else with
// all history.
func (r *repository) fetch(ctx context.Context, wanted target) (*store, error) {
	ctx, cancel := context.WithTimeout(ctx, r.owner.options.FetchTimeout)
	defer cancel()
	r.writing.Lock()
	defer r.writing.Unlock()

	r.open()
	if held := r.held(wanted.commit); held != nil {
		return held, nil
	}
	mode := shallowMode
	if held := r.present(); held != nil {
		mode = held.mode
	}
	held, err := r.extend(ctx, mode, []plumbing.Hash{wanted.object}, func(into *store) error {
		return into.admit(wanted.commit)
	})
	if err == nil || wanted.object != wanted.commit || !historyMayHelp(err) {
		return held, err
	}
	return r.fetchHistory(ctx, wanted.commit)
}

// historyMayHelp tells whether a server that refused one commit may give it as a part of
// the history of its branches and tags.
func historyMayHelp(err error) bool {
	var refused *refusedError
	return errors.As(err, &refused) || reasonOf(err) == Damaged
}

// extend adds objects to the store, or to a fresh one where the store is of another
// mode, crowded or damaged. A fresh one takes its place only once admit finds it complete.
func (r *repository) extend(ctx context.Context, mode string, wants []plumbing.Hash, admit func(*store) error) (
	*store, error,
) {
	held := r.present()
	if held != nil && held.usable() && held.mode == mode && !held.crowded(r.owner.crowd) {
		err := r.download(ctx, held, wants)
		if err == nil {
			err = admit(held)
		}
		if err == nil || held.usable() && reasonOf(err) != TooLarge {
			return held, err
		}
	}
	fresh, err := newStore(r.dir, mode, r.owner.bounds)
	if err != nil {
		return nil, fmt.Errorf("make a repository on disk: %w", err)
	}
	err = r.download(ctx, fresh, wants)
	if err == nil {
		err = admit(fresh)
	}
	if err != nil {
		fresh.remove()
		return nil, err
	}
	return fresh, r.adopt(fresh)
}

// download asks for objects and takes them in.
func (r *repository) download(ctx context.Context, into *store, wants []plumbing.Hash) error {
	if err := r.owner.fetching.Acquire(ctx, 1); err != nil {
		return failure(Unreachable, "gave up waiting for other fetches: %w", err)
	}
	defer r.owner.fetching.Release(1)
	began := r.owner.options.Clock.Now()
	err := r.transfer(ctx, into, wants)
	r.owner.metrics.observe(r.name, fetch, r.owner.options.Clock.Since(began), err)
	return err
}

func (r *repository) transfer(ctx context.Context, into *store, wants []plumbing.Hash) error {
	pack, err := r.remote.pack(ctx, packRequest{
		wants: wants, haves: into.haves(), shallow: into.mode == shallowMode,
	})
	if err != nil {
		return err
	}
	defer func() { _ = pack.Close() }()
	return into.receive(ctx, pack)
}
