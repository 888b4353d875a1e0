// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import "github.com/capstan-dev/capstan/pkg/live"

// view is what is known of one desired object.
type view struct {
	object    live.Object
	isLive    bool
	applied   Applied
	isApplied bool
}

// compare judges one desired object.
func compare(input Input, desired Desired, seen view) Change {
	change := Change{
		Key: desired.Key, Version: desired.Version, Wave: desired.Wave, Desired: desired.Digest, Keep: desired.Keep,
		UID: seen.object.UID, Health: seen.object.Health, Silent: seen.object.Silent, Live: seen.isLive,
	}
	change.Reason = reason(input, desired, seen)
	switch change.Reason {
	case InSync, Terminating:
		change.Action = None
	case Shared:
		change.Action, change.Owner = None, seen.object.Application
	default:
		change.Action = Apply
	}
	return change
}

func reason(input Input, desired Desired, seen view) Reason {
	owner := seen.object.Application
	switch {
	case seen.isLive && owner != "" && owner != input.Application && input.Exists(owner):
		return Shared
	case seen.isLive && seen.object.Deleting:
		return Terminating
	case !seen.isLive:
		return Missing
	case !seen.isApplied:
		return Adopted
	case seen.applied.Desired != desired.Digest:
		return Changed
	case drifted(input.Application, seen):
		return Drifted
	default:
		return InSync
	}
}

// drifted compares the live object with what the apply left. A record that is older than
// the apply is the watch lagging behind it, and says nothing.
func drifted(application string, seen view) bool {
	if seen.object.UID != seen.applied.UID {
		return true
	}
	if seen.object.ResourceVersion < seen.applied.ResourceVersion {
		return false
	}
	return seen.object.Owned != seen.applied.Owned || seen.object.Application != application
}

// extra judges a tracked object that Git does not have.
func extra(object live.Object, prune bool) Change {
	change := Change{
		Key: object.Key, Version: object.Version, UID: object.UID, Health: object.Health, Silent: object.Silent, Live: true,
		Held: object.Held, Keep: object.Keep, Wave: object.Wave, Action: None, Reason: Extra,
	}
	switch {
	case object.Deleting:
		change.Reason = Terminating
	case prune && object.Keep&live.KeepOnPrune == 0:
		change.Action = Prune
	}
	return change
}
