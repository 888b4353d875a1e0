// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"time"

	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

const (
	// expectFor is how long a watch may take to tell of an apply; after that the object
	// counts as gone again.
	expectFor = 10 * time.Second
	// lag is how long to wait for the watch at most before looking again.
	lag = 2 * time.Second
	// settle is how long a status waits for health to settle after automated work, so that
	// a sync and the readiness that follows it are one write.
	settle = time.Second
)

// catchUp lays what was just applied over live records that are older than it: a watch
// that lags must not make the reconciler apply twice. It marks the state as lagging while
// there is something to wait for.
func (r *Reconciler) catchUp(s *state, instance string, objects []live.Object) []live.Object {
	s.lagging = false
	if len(s.expected) == 0 {
		return objects
	}
	now := r.Clock.Now()
	seen := make(map[manifest.Key]int, len(objects))
	for i, object := range objects {
		seen[object.Key] = i
	}
	for key, until := range s.expected {
		record := s.applied[key]
		i, isLive := seen[key]
		if isLive && objects[i].ResourceVersion >= record.ResourceVersion || now.After(until) {
			delete(s.expected, key)
			continue
		}
		s.lagging = true
		object := live.Object{
			Key: key, Version: record.Version, UID: record.UID, ResourceVersion: record.ResourceVersion,
			Owned: record.Owned, Application: instance,
		}
		if isLive {
			objects[i] = object
			continue
		}
		objects = append(objects, object)
	}
	return objects
}
