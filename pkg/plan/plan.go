// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Desired is one object as Git wants it, without its bytes.
type Desired struct {
	manifest.Key
	// Version is the API version that the manifest is written in.
	Version string
	// Digest is the digest of the manifest as it would be applied.
	Digest manifest.Digest
	// Wave is the sync wave; lower waves are applied, and healthy, first.
	Wave int
	// Keep says what the manifest says of removals.
	Keep live.Keep
	// Defines is the kind that a CustomResourceDefinition defines, else empty.
	Defines schema.GroupKind
	// How says how the manifest asks to be written.
	How How
	// Cluster is the destination for which the hub keeps the object, "" for one that is in the destination.
	Cluster string
	// Borrows says what of the hub's own a kept object makes use of, "" for nothing.
	Borrows string
	// Guessed reports that the destination did not serve the kind, so that the scope is not known.
	Guessed bool
}

// Applied is what the last apply of an object left: the part of an object record that
// tells drift from news.
type Applied struct {
	manifest.Key
	// Version is the API version that was applied.
	Version string
	// UID, ResourceVersion and Owned are those of the reply to the apply.
	// Of an object that is excused, Owned is live.Object's Driven.
	UID             types.UID
	ResourceVersion uint64
	Owned           manifest.Digest
	// Desired is the digest of the manifest that was applied.
	Desired manifest.Digest
	// Excused are the rules under which the object was found to be as Git wants it although it was not
	// applied so, zero where that is not the case.
	Excused manifest.Digest
}

// Action is what a Change does to an object.
type Action string

// The actions of a Change.
const (
	None  Action = "None"
	Apply Action = "Apply"
	Prune Action = "Prune"
)

// Reason says why an object is not as Git wants it, or why nothing is done about it.
type Reason string

// The reasons of a Change.
const (
	// InSync: the live object is what was applied, and that is what Git wants.
	InSync Reason = ""
	// Missing: the object is not in the destination.
	Missing Reason = "Missing"
	// Changed: Git wants something else than what was applied last.
	Changed Reason = "Changed"
	// Drifted: somebody changed, recreated or took over what was applied.
	Drifted Reason = "Drifted"
	// Adopted: the object is there, but Capstan has no record of applying it.
	Adopted Reason = "Adopted"
	// RolledBack: somebody took back what was applied, and that holds until Git wants something else.
	RolledBack Reason = "RolledBack"
	// Extra: Git no longer has the object.
	Extra Reason = "Extra"
	// Shared: another application tracks the object.
	Shared Reason = "Shared"
	// Terminating: the object is being deleted already.
	Terminating Reason = "Terminating"
)

// Change is one object of an application: how it stands, and what to do about it.
type Change struct {
	manifest.Key
	Version string
	// UID is that of the live object, "" where there is none.
	UID    types.UID
	Wave   int
	Action Action
	Reason Reason
	// Desired is the digest that Git wants, zero for an object that Git does not have.
	Desired manifest.Digest
	// Owner is the other application of a Shared object.
	Owner string
	// Keep says which removals are forbidden, or need a confirmation.
	Keep live.Keep
	// Unconfirmed reports that a person has to approve before the object is pruned.
	Unconfirmed bool
	// Defines is the kind that a CustomResourceDefinition defines, else empty.
	Defines schema.GroupKind
	// How says how the object is written.
	How How
	// Health is that of the live object, nil where its kind has no health.
	Health *health.Health
	// Silent reports that the health does not count for the application.
	Silent bool
	// Live reports that the object is in the destination.
	Live bool
	// Held reports that the object carries live.HookFinalizer.
	Held bool
	// Cluster is the destination for which the hub keeps the object, "" for one that is in the destination.
	Cluster string
}

// InSync reports that there is nothing to do and nothing in the way, or nothing that counts.
func (c Change) InSync() bool {
	return c.Reason == InSync || c.Reason == Extra && c.Keep&live.Extraneous != 0
}

// Input is what a plan is made from.
type Input struct {
	// Application is the instance name that the tracking annotation carries.
	Application string
	// Desired is what Git wants.
	Desired []Desired
	// Live are the records of the desired keys and of all that the application tracks.
	Live []live.Object
	// Apart are the keys of Git's hooks, which are not kept in sync.
	Apart []manifest.Key
	// Applied is what earlier applies left.
	Applied []Applied
	// Prune allows to delete what Git no longer has.
	Prune bool
	// Keep is what the application's own options say of removals.
	Keep live.Keep
	// How says how the application's options want objects to be written.
	How How
	// Undone are the objects that somebody took back to an earlier state, and Insist reports that they are wanted as Git
	// has them nevertheless.
	Undone map[manifest.Key]bool
	Insist bool
	// Confirmed reports that a person approved what waits for that.
	Confirmed bool
	// Rules tells the rules by which fields of an object may differ, zero for none.
	Rules func(key manifest.Key) manifest.Digest
	// Exists tells whether another application of that instance name exists.
	Exists func(application string) bool
}

// Plan is how an application stands, in the order in which it would be applied.
type Plan struct {
	Changes []Change
}

// Make compares desired with live.
func Make(input Input) Plan {
	lives := index(input.Live, func(o live.Object) manifest.Key { return o.Key })
	applied := index(input.Applied, func(a Applied) manifest.Key { return a.Key })
	changes := make([]Change, 0, len(input.Desired))
	wanted := make(map[manifest.Key]bool, len(input.Desired))
	for _, desired := range input.Desired {
		wanted[desired.Key] = true
		object, isLive := lives[desired.Key]
		record, isApplied := applied[desired.Key]
		changes = append(changes, compare(input, desired, view{object, isLive, record, isApplied}))
	}
	for _, apart := range input.Apart {
		wanted[apart] = true
	}
	for _, object := range input.Live {
		if !wanted[object.Key] && object.Application == input.Application && object.Hook == 0 {
			changes = append(changes, extra(input, object))
		}
	}
	bubble(changes)
	slices.SortStableFunc(changes, order)
	return Plan{Changes: changes}
}

// Pending are the changes that have something to do.
func (p Plan) Pending() []Change {
	var pending []Change
	for _, change := range p.Changes {
		if change.Action != None {
			pending = append(pending, change)
		}
	}
	return pending
}

// InSync reports that every object is as Git wants it.
func (p Plan) InSync() bool {
	return !slices.ContainsFunc(p.Changes, func(c Change) bool { return !c.InSync() })
}

func index[T any](values []T, key func(T) manifest.Key) map[manifest.Key]T {
	indexed := make(map[manifest.Key]T, len(values))
	for _, value := range values {
		indexed[key(value)] = value
	}
	return indexed
}

// order is that of a sync without hooks.
func order(a, b Change) int {
	return cmp.Or(
		placeOfChange(a).compare(placeOfChange(b)),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
	)
}
