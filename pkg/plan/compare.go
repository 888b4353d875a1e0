// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/live"
)

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
		Key: desired.Key, Version: desired.Version, Wave: desired.Wave, Desired: desired.Digest,
		Keep: desired.Keep.Or(input.Keep), How: desired.How.Or(input.How), Defines: desired.Defines,
		Cluster: desired.Cluster,
		UID:     seen.object.UID, Health: seen.object.Health, Silent: seen.object.Silent, Live: seen.isLive,
	}
	change.Reason = reason(input, desired, seen)
	switch change.Reason {
	case InSync, RolledBack, Terminating:
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
	case !seen.applied.Excused.IsZero() && seen.applied.Excused != input.Rules(desired.Key):
		return Drifted
	case drifted(input.Application, seen):
		return Drifted
	case input.Undone[desired.Key] && input.Insist:
		return Drifted
	case input.Undone[desired.Key]:
		return RolledBack
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
	owned := seen.object.Owned
	if !seen.applied.Excused.IsZero() {
		// Fields that a controller drives were let be as long as it is the one that writes them.
		owned = seen.object.Driven
	}
	return owned != seen.applied.Owned || seen.object.Application != application
}

// extra judges a tracked object that Git does not have.
func extra(input Input, object live.Object) Change {
	change := Change{
		Key: object.Key, Version: object.Version, UID: object.UID, Health: object.Health, Silent: object.Silent, Live: true,
		Held: object.Held, Keep: object.Keep.Or(input.Keep), Wave: object.Wave, Action: None, Reason: Extra,
		Cluster: object.Cluster,
	}
	switch {
	case object.Deleting:
		change.Reason = Terminating
	case input.Prune && change.Keep&live.KeepOnPrune == 0:
		change.Action = Prune
		change.Unconfirmed = change.Keep&live.ConfirmPrune != 0 && !input.Confirmed
	}
	return change
}

// bubble takes a namespace and a definition to the lowest wave in which something needs it
// (as Argo CD 3.5: gitops-engine, sync_tasks.go adjustDeps).
func bubble(changes []Change) {
	namespaces, kinds := map[string]int{}, map[schema.GroupKind]int{}
	for _, change := range changes {
		if change.Desired.IsZero() {
			continue
		}
		if wave, known := namespaces[change.Namespace]; !known || change.Wave < wave {
			namespaces[change.Namespace] = change.Wave
		}
		if wave, known := kinds[change.GroupKind()]; !known || change.Wave < wave {
			kinds[change.GroupKind()] = change.Wave
		}
	}
	for i := range changes {
		change := &changes[i]
		if change.Desired.IsZero() {
			continue
		}
		wave, needed := kinds[change.Defines]
		if change.Group == "" && change.Kind == "Namespace" {
			wave, needed = namespaces[change.Name]
		}
		if needed {
			change.Wave = min(change.Wave, wave)
		}
	}
}
