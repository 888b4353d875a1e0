// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Set is what is known of an application's objects in one cluster.
type Set struct {
	// Objects holds the record of each managed object that was asked for or is tracked by
	// the application, in no order. An object without a record does not exist or is not
	// labelled as managed.
	Objects []Live
	// Unserved holds the kinds that the cluster does not serve.
	Unserved map[schema.GroupKind]bool
	// Stale holds the kinds whose watch fails, and since when; their records are old.
	Stale map[schema.GroupKind]time.Time
}

// Live returns the records of keys and of all objects that application tracks. It fails
// with *NotSyncedError where one of the kinds in use or asked for was never read in full,
// and makes no call.
func (c *Cluster) Live(application string, keys []manifest.Key) (Set, error) {
	set := Set{
		Unserved: map[schema.GroupKind]bool{},
		Stale:    map[schema.GroupKind]time.Time{},
	}
	if err := c.know(application, keys, &set); err != nil {
		return Set{}, err
	}
	set.Objects = c.index.find(application, keys)
	return set, nil
}

// know notes the state of all kinds that matter to an answer, and fails where one is open.
func (c *Cluster) know(application string, keys []manifest.Key, set *Set) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return errClosed
	}
	open := map[schema.GroupKind]error{}
	asked := map[schema.GroupKind]struct{}{}
	for _, kind := range c.uses[application] {
		asked[kind] = struct{}{}
	}
	for _, key := range keys {
		asked[key.GroupKind()] = struct{}{}
		if !c.destination.Allows(key.Namespace) {
			open[key.GroupKind()] = fmt.Errorf("the cluster is registered without namespace %q", key.Namespace)
		}
	}
	watched := map[schema.GroupKind]bool{}
	for s, w := range c.watches {
		if _, ok := asked[s.kind]; ok {
			watched[s.kind] = true
			w.known().fold(s.kind, set, open)
		}
	}
	for kind := range asked {
		if !watched[kind] {
			open[kind] = fmt.Errorf("the kind is not in use by application %s", application)
		}
	}
	if len(open) > 0 {
		return &NotSyncedError{Cluster: c.destination.Name, Kinds: open}
	}
	return nil
}

func (s watchState) fold(kind schema.GroupKind, set *Set, open map[schema.GroupKind]error) {
	switch {
	case s.unserved:
		set.Unserved[kind] = true
	case !s.synced:
		open[kind] = s.err
	case !s.staleSince.IsZero():
		if known, ok := set.Stale[kind]; !ok || s.staleSince.Before(known) {
			set.Stale[kind] = s.staleSince
		}
	}
}
