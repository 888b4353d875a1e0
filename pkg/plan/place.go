// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// place is where something stands in a sync: its phase, its wave, its rank of kind.
type place struct{ phase, wave, rank int }

// The phases in the order in which they run.
const (
	atPreSync = iota
	atSync
	atPrune
	atPruneLast
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
	if !change.going() {
		return place{atSync, change.Wave, rank(change.GroupKind())}
	}
	phase := atPrune
	if change.Keep&live.PruneLast != 0 {
		phase = atPruneLast
	}
	return place{phase, -change.Wave, -rank(change.GroupKind())}
}

// going reports an object that Git does not have.
func (c Change) going() bool {
	return c.Reason == Extra || c.Reason == Terminating && c.Desired.IsZero()
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
		if !change.Unconfirmed && put(placeOfChange(change)) {
			changes = append(changes, change)
		}
	}
	return at, hooks, changes
}

// established splits changes into those that may be applied and those whose kind is defined
// by an object of the same plan that the cluster has not taken in yet.
func (c *course) established(changes []Change) (ready []Change, definitions []manifest.Key) {
	open := map[schema.GroupKind]manifest.Key{}
	for _, change := range c.Plan.Changes {
		if !change.Defines.Empty() && (!change.Live || change.Health != nil && change.Health.Status != health.Healthy) {
			open[change.Defines] = change.Key
		}
	}
	for _, change := range changes {
		if definition, waits := open[change.GroupKind()]; waits {
			definitions = append(definitions, definition)
			continue
		}
		ready = append(ready, change)
	}
	slices.SortFunc(definitions, func(a, b manifest.Key) int { return cmp.Compare(a.String(), b.String()) })
	return ready, slices.Compact(definitions)
}

// terminating are the objects that Git wants and that have to go before they can be made anew.
func (c *course) terminating() []manifest.Key {
	var keys []manifest.Key
	for _, change := range c.Plan.Changes {
		if change.Reason == Terminating && !change.going() {
			keys = append(keys, change.Key)
		}
	}
	return keys
}

// unconfirmed are the objects whose pruning a person has to approve.
func (c *course) unconfirmed() []manifest.Key {
	var keys []manifest.Key
	for _, change := range c.Chosen {
		if change.Unconfirmed {
			keys = append(keys, change.Key)
		}
	}
	return keys
}

// first returns the changes that come first, in the order of a sync without hooks.
func first(changes []Change) []Change {
	c := course{Progress: Progress{Chosen: changes}}
	_, _, group := c.group()
	return group
}

// unhealthy returns the objects that have to be healthy before something at a place begins
// and are not, and tells one that is degraded. What is pruned waits for what is pruned before
// it to be gone, and for health only where it is to go last.
func (c *course) unhealthy(at place) (degraded string, open []manifest.Key) {
	for _, change := range c.Plan.Changes {
		where := placeOfChange(change)
		if change.Reason == Shared || !where.before(at) || at.phase == atPrune && !change.going() {
			continue
		}
		switch {
		case change.going():
			if change.Reason == Terminating && at.phase < atPostSync {
				open = append(open, change.Key)
			}
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
