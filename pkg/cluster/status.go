// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Status is what is known of a cluster and of its watches.
type Status struct {
	// UID is that of the namespace kube-system, "" where it was not read.
	UID types.UID
	// Version is the version of the API server, like v1.37.2.
	Version string
	// Reachable reports that the last call was answered.
	Reachable bool
	// Since is when Reachable last changed, zero where no call was made yet.
	Since time.Time
	// Err is why the last call failed.
	Err error
	// Objects is the number of live records.
	Objects int
	// Kinds are the watches, ordered by kind and namespace.
	Kinds []KindStatus
}

// KindStatus is how one watch does.
type KindStatus struct {
	schema.GroupKind
	// Namespace is "" where the watch covers all.
	Namespace string
	// Synced reports that all objects were known at one moment.
	Synced bool
	// Unserved reports that the cluster does not have the kind.
	Unserved bool
	// StaleSince is when the watch began to fail, zero while it works.
	StaleSince time.Time
	// Err is why it fails.
	Err error
}

// Status returns the state of the connection and of all watches, without a call.
func (c *Cluster) Status() Status {
	c.mu.RLock()
	defer c.mu.RUnlock()
	found := c.link.who()
	status := Status{UID: found.uid, Version: found.version, Objects: c.index.size()}
	status.Reachable, status.Since, status.Err = c.link.reach.last()
	for s, w := range c.watches {
		state := w.known()
		status.Kinds = append(status.Kinds, KindStatus{
			GroupKind: s.kind, Namespace: s.namespace,
			Synced: state.synced, Unserved: state.unserved, StaleSince: state.staleSince, Err: state.err,
		})
	}
	slices.SortFunc(status.Kinds, func(a, b KindStatus) int {
		return cmp.Or(compareKinds(a.GroupKind, b.GroupKind), cmp.Compare(a.Namespace, b.Namespace))
	})
	return status
}

func (r *reachability) last() (reachable bool, since time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reachable, r.since, r.lastErr
}
