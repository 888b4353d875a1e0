// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Object is what Capstan keeps of an object in a cluster.
type Object struct {
	manifest.Key
	// Version is the API version that the object is watched in.
	Version string
	// UID tells the object from an earlier one of the same name.
	UID types.UID
	// ResourceVersion is compared as a number, within one object only.
	ResourceVersion uint64
	// Owned is the digest of the fields that Capstan's field manager owns, and of when it changed them last: it changes
	// when somebody else takes one of them, or when Capstan writes again, and only then.
	Owned manifest.Digest
	// Driven is the digest of these fields together with those that a controller of Rollouts owns, and Owned where there
	// are none.
	Driven manifest.Digest
	// Application is the instance name in the tracking annotation, "" where it names no
	// application or another object than this one.
	Application string
	// Deleting reports a deletion timestamp.
	Deleting bool
	// Keep says which removals the object's own annotations forbid.
	Keep Keep
	// Silent reports that the object's own annotation keeps its health out of its application's.
	Silent bool
	// Hook is zero unless the object's own annotations make it a hook.
	Hook Hook
	// Held reports that the object has HookFinalizer.
	Held bool
	// Cluster is the one for which the hub keeps a Rollout or an AnalysisTemplate, "" for those of its own.
	Cluster string
	// Undone is the record of an undo that a Rollout carries, "" for none; see v1alpha1.AnnotationUndone.
	Undone string
	// Wave is the sync wave in the object's own annotations.
	Wave int
	// Health is nil for a kind that has no health rule.
	Health *health.Health
}

// Keep is what an object says of its removal.
type Keep uint8

// What an object's sync options can say of its removal.
const (
	// KeepOnPrune is Prune=false: the object stays when Git no longer has it.
	KeepOnPrune Keep = 1 << iota
	// KeepOnDelete is Delete=false: the object stays when its Application is deleted.
	KeepOnDelete
	// ConfirmPrune is Prune=confirm: a person has to approve.
	ConfirmPrune
	// ConfirmDelete is Delete=confirm: a person has to approve.
	ConfirmDelete
	// PruneLast is PruneLast=true: the object goes when all others are healthy.
	PruneLast
	// SaysPrune and SaysDelete are set where the object itself says something, whatever its
	// Application does.
	SaysPrune
	SaysDelete
	// Extraneous is IgnoreExtraneous: that Git does not have the object puts nothing out of sync.
	Extraneous
)

// Or returns what holds for an object of an Application with options of its own: what the
// object says counts more.
func (k Keep) Or(options Keep) Keep {
	if k&SaysPrune != 0 {
		options &^= KeepOnPrune | ConfirmPrune
	}
	if k&SaysDelete != 0 {
		options &^= KeepOnDelete | ConfirmDelete
	}
	return k | options
}
