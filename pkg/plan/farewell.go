// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"

	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Farewell says what to do next about the hooks of one phase of a deletion. It follows from
// the hooks' objects alone: one that is held was made by this deletion, any other is left from
// before. A hook that failed is taken away, so that it runs again.
func Farewell(hooks []Hook, objects []live.Object) Next {
	var next Next
	lives := index(objects, func(o live.Object) manifest.Key { return o.Key })
	hooks = slices.Clone(hooks)
	slices.SortStableFunc(hooks, func(a, b Hook) int { return a.Wave - b.Wave })
	var open, blocked []manifest.Key
	for i, hook := range hooks {
		if len(open)+len(blocked)+len(next.Begin) > 0 && hooks[i-1].Wave < hook.Wave {
			break
		}
		object, isLive := lives[hook.Key]
		switch {
		case !isLive:
			next.Begin = append(next.Begin, hook)
		case !object.Held:
			blocked = append(blocked, hook.Key)
			if !object.Deleting {
				next.Remove = append(next.Remove, object)
			}
		case object.Health == nil || object.Health.Status == health.Healthy:
		case object.Health.Status == health.Degraded || object.Health.Status == health.Unknown || object.Deleting:
			next.Remove = append(next.Remove, object)
			next.Failure = "hook " + hook.Kind + " " + hook.Name + " failed and is tried again: " + object.Health.Message
			return next
		default:
			open = append(open, hook.Key)
		}
	}
	switch {
	case len(open) > 0:
		next.Waiting = waiting("completion of hook", "hooks", open)
	case len(blocked) > 0:
		next.Waiting = waiting("deletion of", "hooks", blocked)
	default:
		next.Done = len(next.Begin) == 0
	}
	return next
}

// Parting says what becomes of the hooks of a deletion in the end: those whose policy says no
// more than the default go, because nobody is left who could take them away.
func Parting(objects []live.Object) (remove, release []live.Object) {
	for _, object := range objects {
		switch {
		case object.Hook&(live.PreDelete|live.PostDelete) == 0 || !object.Held:
		case object.Hook&live.DeleteSucceeded != 0 || object.Hook&live.DeleteFailed == 0:
			remove = append(remove, object)
		default:
			release = append(release, object)
		}
	}
	return remove, release
}
