// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"os"
	"path/filepath"

	"k8s.io/klog/v2"
)

// largeDir holds what Git LFS keeps for a repository, by digest. It is no store: the next process removes it.
const largeDir = "lfs"

func (r *repository) kept(wanted pointer) ([]byte, bool) {
	content, err := os.ReadFile(filepath.Join(r.dir, largeDir, wanted.ID))
	return content, err == nil && wanted.matches(content)
}

// keep writes a content down. Where all of them pass what a repository may take, the others go: they can be fetched
// again, as this one can where the disk is full.
func (r *repository) keep(ctx context.Context, wanted pointer, content []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	dir := filepath.Join(r.dir, largeDir)
	if r.largeBytes += wanted.Size; r.largeBytes > r.owner.bounds.repository {
		_ = os.RemoveAll(dir)
		r.largeBytes = wanted.Size
	}
	fresh := filepath.Join(dir, wanted.ID+".new")
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = os.WriteFile(fresh, content, 0o600)
	}
	if err == nil {
		err = os.Rename(fresh, filepath.Join(dir, wanted.ID))
	}
	if err != nil {
		klog.FromContext(ctx).Error(err, "A file of Git LFS is not kept on disk", "repository", r.name)
	}
}
