// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"fmt"
	"maps"
	"slices"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/applicationset/generate"
)

// situation is what a decision is made of.
type situation struct {
	set *v1alpha1.ApplicationSet
	// owned are the Applications that the set made, by name.
	owned map[string]*v1alpha1.Application
	// foreign are Applications of the set's namespace that it did not make, by name.
	foreign map[string]*v1alpha1.Application
	made    generate.Output
	// placed reports whether a destination is registered.
	placed func(v1alpha1.ApplicationDestination) bool
	// gated reports whether the promotion gate is before an Application.
	gated func(*v1alpha1.Application) bool
}

// decision is what is to be done, each list ordered by name.
type decision struct {
	creates []*v1alpha1.Application
	updates []*v1alpha1.Application
	deletes []deletion
	// problems say what is left undone.
	problems []*generate.Failure
}

// deletion is an Application that goes.
type deletion struct {
	app *v1alpha1.Application
	// forsaken says that its destination is not registered any more, so that nothing there
	// can be deleted and waiting for it would never end.
	forsaken bool
}

// decide compares what a set should be with what is there. With any problem it deletes
// nothing: what has a fault is not known to be unwanted.
func decide(s situation) decision {
	d := decision{problems: slices.Clone(s.made.Problems)}
	wanted := map[string]bool{}
	for _, made := range s.made.Applications {
		wanted[made.Application.Name] = true
		d.want(s, made)
	}
	if len(d.problems) > 0 || !mayDelete(s.set) {
		return d
	}
	for _, name := range slices.Sorted(maps.Keys(s.owned)) {
		if app := s.owned[name]; !wanted[name] && app.DeletionTimestamp == nil {
			d.deletes = append(d.deletes, deletion{app, !s.placed(app.Spec.Destination)})
		}
	}
	if err := shrinks(s, d.deletes); err != nil {
		d.deletes = nil
		d.problems = append(d.problems, &generate.Failure{
			Reason: v1alpha1.ApplicationSetReasonDeleteApplicationError, Err: err,
		})
	}
	return d
}

// shrinks fails where a set would suddenly lose most of its gated Applications: a generator that reads less than there
// is looks just so.
func shrinks(s situation, deletes []deletion) error {
	gated, lost := 0, 0
	for _, app := range s.owned {
		if s.gated(app) {
			gated++
		}
	}
	for _, gone := range deletes {
		if s.gated(gone.app) {
			lost++
		}
	}
	if lost < 2 || 2*lost <= gated {
		return nil
	}
	return fmt.Errorf("%d of %d gated Applications are generated no more, which is held: if they are to go, delete them "+
		"one by one; each needs an approved Plan", lost, gated)
}

// want creates or updates one Application. One that is on its way out is made again when it
// is gone.
func (d *decision) want(s situation, made generate.Generated) {
	name := made.Application.Name
	if s.foreign[name] != nil {
		d.problems = append(d.problems, taken(made))
		return
	}
	current := s.owned[name]
	if current == nil {
		app := made.Application.DeepCopy()
		app.OwnerReferences = ownedBy(s.set, nil)
		d.creates = append(d.creates, app)
		return
	}
	if !mayUpdate(s.set) || current.DeletionTimestamp != nil {
		return
	}
	adjusted, err := adjust(s.set, current, made.Application)
	if err != nil {
		d.problems = append(d.problems, &generate.Failure{
			Reason: v1alpha1.ApplicationSetReasonUpdateApplicationError, Err: err,
		})
		return
	}
	if !same(current, adjusted) {
		d.updates = append(d.updates, adjusted)
	}
}

func policy(set *v1alpha1.ApplicationSet) v1alpha1.ApplicationsSyncPolicy {
	if set.Spec.SyncPolicy == nil || set.Spec.SyncPolicy.ApplicationsSync == nil {
		return v1alpha1.ApplicationsSyncPolicySync
	}
	return *set.Spec.SyncPolicy.ApplicationsSync
}

func mayUpdate(set *v1alpha1.ApplicationSet) bool {
	allowed := policy(set)
	return allowed == v1alpha1.ApplicationsSyncPolicySync || allowed == v1alpha1.ApplicationsSyncPolicyCreateUpdate
}

func mayDelete(set *v1alpha1.ApplicationSet) bool {
	allowed := policy(set)
	return allowed == v1alpha1.ApplicationsSyncPolicySync || allowed == v1alpha1.ApplicationsSyncPolicyCreateDelete
}
