// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
	"github.com/capstan-dev/capstan/pkg/render"
)

// begin returns the run in progress, or a new one for what was chosen.
func (r *Reconciler) begin(s *state, p *pass, chosen decision) *run {
	if s.run != nil && s.run.finished.IsZero() && s.run.trigger == chosen.trigger {
		return s.run
	}
	operation := v1alpha1.Operation{
		Sync:        &v1alpha1.SyncOperation{Revision: p.revision(), Prune: prunes(p.app)},
		InitiatedBy: v1alpha1.OperationInitiator{Automated: true},
	}
	if p.app.Operation != nil {
		operation = *p.app.Operation.DeepCopy()
	}
	s.run = &run{
		trigger: chosen.trigger, operation: operation, revision: p.revision(), startedAt: r.now().Time,
		id: r.Clock.Now().UnixNano(), results: map[manifest.Key]outcome{},
	}
	return s.run
}

// end finishes the run in progress; an operation that never began is finished, too.
func (r *Reconciler) end(s *state, p *pass, failed bool, message string) {
	if s.run == nil && p.app.Operation == nil {
		return
	}
	current := r.begin(s, p, decision{trigger: triggerOf(s)})
	current.failed, current.message = failed, message
	current.finished = r.now().Time
	if !current.finished.After(current.startedAt) {
		current.finished = current.startedAt
	}
	s.flushBy = r.Clock.Now().Add(settle)
}

// bytesOf returns the prepared manifests by key. They were dropped after the last pass, and
// come back from the render cache.
func (r *Reconciler) bytesOf(ctx context.Context, p *pass) (map[manifest.Key]manifest.Manifest, error) {
	if p.prepared == nil {
		output, err := r.again(ctx, p)
		if err != nil {
			return nil, err
		}
		prepared, err := r.prepare(ctx, p.app, p.owner, p.target, output)
		if err != nil {
			return nil, err
		}
		p.prepared = &prepared
	}
	manifests := make(map[manifest.Key]manifest.Manifest, len(p.prepared.Manifests))
	for _, m := range p.prepared.Manifests {
		manifests[m.Key] = m
	}
	return manifests, nil
}

// again returns what the desired state was rendered to: as it is kept, else rendered anew,
// which needs the repository.
func (r *Reconciler) again(ctx context.Context, p *pass) (render.Output, error) {
	if kept, found := r.Renderer.Stored(p.desired.made.rendered); found {
		return render.Output{Manifests: kept, Digest: p.desired.made.rendered, Type: p.desired.sourceType}, nil
	}
	if p.read.snapshot == nil {
		return render.Output{}, unreadable(errors.New("the manifests are no longer kept, and the repository cannot be read"))
	}
	return r.render(ctx, p)
}

// execute applies one step and remembers what each object became. It returns why the step
// failed, "" where it did not.
func (r *Reconciler) execute(
	ctx context.Context, p *pass, s *state, step plan.Step, dryRun bool, manifests map[manifest.Key]manifest.Manifest,
) string {
	changes := make([]apply.Change, 0, len(step.Changes))
	for _, change := range step.Changes {
		changes = append(changes, applyChange(change, manifests))
	}
	var failures []string
	for i, result := range r.Applier.Apply(ctx, p.target, changes, apply.Options{DryRun: dryRun}) {
		change := step.Changes[i]
		s.run.record(change, result)
		switch {
		case result.Err != nil:
			failures = append(failures, fmt.Sprintf("%s %s: %s", change.Kind, change.Name, result.Message))
		case !dryRun:
			r.remember(s, change, result)
		}
	}
	if len(failures) == 0 {
		return ""
	}
	slices.Sort(failures)
	const shown = 5
	if len(failures) > shown {
		failures = append(failures[:shown], fmt.Sprintf("and %d more", len(failures)-shown))
	}
	return "one or more objects failed to apply: " + strings.Join(failures, "; ")
}

func applyChange(change plan.Change, manifests map[manifest.Key]manifest.Manifest) apply.Change {
	if change.Action == plan.Prune {
		return removal(change, metav1.DeletePropagationForeground)
	}
	return apply.Change{Action: apply.Apply, Manifest: manifests[change.Key]}
}

// removal deletes the object that was seen, and no other of its name.
func removal(change plan.Change, policy metav1.DeletionPropagation) apply.Change {
	return apply.Change{
		Action: apply.Delete, Manifest: manifest.Manifest{Key: change.Key, Version: change.Version},
		UID: change.UID, Propagation: policy,
	}
}

// remember keeps the object record of what was done, and expects the watch to tell of it.
func (r *Reconciler) remember(s *state, change plan.Change, result apply.Result) {
	if change.Action == plan.Prune {
		delete(s.applied, change.Key)
		return
	}
	s.applied[change.Key] = plan.Applied{
		Key: change.Key, Version: change.Version, UID: result.UID, ResourceVersion: result.ResourceVersion,
		Owned: result.Owned, Desired: change.Desired,
	}
	s.expected[change.Key] = r.Clock.Now().Add(expectFor)
}

// triggerOf is the trigger of the run in progress, or that of an operation that never ran.
func triggerOf(s *state) capstan.SyncRunTrigger {
	if s.run != nil {
		return s.run.trigger
	}
	return capstan.TriggerManual
}
