// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// place is where something stands in a sync: its phase, its wave, its rank of kind.
type place struct{ phase, wave, rank int }

// The phases in the order in which they run.
const (
	atPreSync = iota
	atSync
	atPrune
	atPostSync
	afterAll
)

func (p place) compare(other place) int {
	return cmp.Or(cmp.Compare(p.phase, other.phase), cmp.Compare(p.wave, other.wave), cmp.Compare(p.rank, other.rank))
}

// before reports an earlier phase or wave; within a wave, nothing waits for health.
func (p place) before(other place) bool {
	return cmp.Or(cmp.Compare(p.phase, other.phase), cmp.Compare(p.wave, other.wave)) < 0
}

func placeOfHook(hook Hook) place {
	phase := map[Phase]int{PreSync: atPreSync, Sync: atSync, PostSync: atPostSync}
	at, runs := phase[hook.Phase]
	if !runs {
		at = afterAll
	}
	return place{at, hook.Wave, rank(hook.GroupKind())}
}

// placeOfChange puts what is pruned behind all that is applied, the highest wave first.
func placeOfChange(change Change) place {
	if change.Reason == Extra {
		return place{atPrune, -change.Wave, -rank(change.GroupKind())}
	}
	return place{atSync, change.Wave, rank(change.GroupKind())}
}

// group returns the hooks and the changes that are next, and where they stand.
func (c *course) group() (at place, hooks []Hook, changes []Change) {
	at = place{phase: afterAll}
	put := func(where place) (take bool) {
		if order := where.compare(at); order != 0 {
			if order < 0 {
				at, hooks, changes = where, nil, nil
			}
			return order < 0
		}
		return true
	}
	for _, hook := range c.Hooks {
		_, begun := c.Runs[hook.ID()]
		if where := placeOfHook(hook); where.phase != afterAll && (!begun || c.lost(hook)) && put(where) {
			hooks = append(hooks, hook)
		}
	}
	for _, change := range c.Chosen {
		if put(placeOfChange(change)) {
			changes = append(changes, change)
		}
	}
	return at, hooks, changes
}

// first returns the changes that come first, in the order of a sync without hooks.
func first(changes []Change) []Change {
	c := course{Progress: Progress{Chosen: changes}}
	_, _, group := c.group()
	return group
}

// unhealthy returns the objects that have to be healthy before something at a place begins
// and are not, and tells one that is degraded.
func (c *course) unhealthy(at place) (degraded string, open []manifest.Key) {
	for _, change := range c.Plan.Changes {
		if change.Reason == Extra || change.Reason == Shared || !placeOfChange(change).before(at) || at.phase == atPrune {
			continue
		}
		switch {
		case change.Reason == Terminating:
			open = append(open, change.Key)
		case change.Health == nil || change.Health.Status == health.Healthy:
		case change.Health.Status == health.Degraded:
			return change.Kind + " " + change.Name + " is degraded: " + change.Health.Message, nil
		default:
			open = append(open, change.Key)
		}
	}
	return "", open
}

// waiting says what is waited for as Argo CD does.
func waiting(what, more string, keys []manifest.Key) string {
	slices.SortFunc(keys, func(a, b manifest.Key) int { return cmp.Compare(a.String(), b.String()) })
	text := fmt.Sprintf("waiting for %s %s/%s/%s", what, keys[0].Group, keys[0].Kind, keys[0].Name)
	if len(keys) > 1 {
		text += fmt.Sprintf(" and %d more %s", len(keys)-1, more)
	}
	return text
}
