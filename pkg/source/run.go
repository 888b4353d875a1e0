// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/klog/v2"
)

// concurrentPolls bounds how many servers are asked at the same time.
const concurrentPolls = 8

// Run asks the servers of repositories in use once an interval, so that subscribers hear
// of changes, and removes what has not been used for long. It returns when ctx ends.
func (r *Repositories) Run(ctx context.Context) {
	tick := min(max(r.options.PollInterval/10, 10*time.Millisecond), 5*time.Second)
	ticker := r.options.Clock.NewTicker(tick)
	defer ticker.Stop()
	swept := r.options.Clock.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
		r.poll(ctx)
		if r.options.Clock.Since(swept) >= min(time.Hour, r.options.Retention) {
			r.sweep(ctx)
			swept = r.options.Clock.Now()
		}
	}
}

// poll asks for the references of every repository in use that are due.
func (r *Repositories) poll(ctx context.Context) {
	slots := make(chan struct{}, concurrentPolls)
	var polls sync.WaitGroup
	polls.Go(func() { r.charts.poll(ctx) })
	for _, repository := range r.due() {
		slots <- struct{}{}
		polls.Go(func() {
			defer func() { <-slots }()
			if _, err := repository.current(ctx); err != nil && ctx.Err() == nil {
				klog.FromContext(ctx).V(2).Info("Polling a repository failed",
					"repository", repository.name, "reason", reasonOf(err))
			}
		})
	}
	polls.Wait()
}

func (r *Repositories) due() []*repository {
	idle := time.Duration(r.options.IdleIntervals) * r.options.PollInterval
	r.mu.Lock()
	defer r.mu.Unlock()
	var due []*repository
	for _, repository := range r.known {
		repository.mu.Lock()
		inUse := r.options.Clock.Since(repository.used) < idle
		if inUse && repository.refs != nil && repository.fresh() == nil {
			due = append(due, repository)
		}
		repository.mu.Unlock()
	}
	return due
}

// sweep forgets repositories that have not been used for the retention time, and removes
// their directories and those that an earlier process left unused.
func (r *Repositories) sweep(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, repository := range r.known {
		repository.mu.Lock()
		used, held := repository.used, repository.store
		repository.mu.Unlock()
		if r.options.Clock.Since(used) < r.options.Retention {
			now := r.options.Clock.Now()
			_ = os.Chtimes(filepath.Join(repository.dir, currentFile), now, now)
			continue
		}
		delete(r.known, key)
		_ = os.Remove(filepath.Join(repository.dir, currentFile))
		if held != nil {
			held.retire()
		}
	}
	entries, err := os.ReadDir(r.options.Dir)
	if err != nil {
		klog.FromContext(ctx).Error(err, "Cannot list the directory of repositories", "dir", r.options.Dir)
		return
	}
	for _, entry := range entries {
		path := filepath.Join(r.options.Dir, entry.Name())
		if r.known[entry.Name()] == nil && entry.IsDir() && entry.Name() != chartsDir && r.abandoned(path) {
			_ = os.RemoveAll(path)
		}
	}
}

func (r *Repositories) abandoned(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, currentFile))
	if err != nil {
		info, err = os.Stat(dir)
	}
	return err == nil && r.options.Clock.Since(info.ModTime()) >= r.options.Retention
}
