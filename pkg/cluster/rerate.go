// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Rerate reads the objects of the kinds in use anew whose health rule changed. Their records stay until
// the new ones replace them, but nothing is answered from them before. Only values of ctx are kept.
func (c *Cluster) Rerate(ctx context.Context, changed func(schema.GroupKind) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	for s, w := range c.watches {
		if changed(s.kind) {
			w.stop()
			delete(c.watches, s)
		}
	}
	for kind := range c.users {
		if changed(kind) {
			c.watchLocked(ctx, kind)
		}
	}
}
