// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// served is how long to wait before discovery is asked for a new kind again: it has no watch.
const served = 250 * time.Millisecond

// errShut says that a sync window forbids the next step.
var errShut = errors.New("a sync window is closed")

// proceed takes a run as far as it goes without waiting. It returns an error where what the
// run needs could not be read.
func (r *Reconciler) proceed(
	ctx context.Context, p *pass, s *state, c *course,
) (done bool, again time.Duration, err error) {
	for {
		next := c.next(r.Clock.Now())
		if failure := r.clear(ctx, p, c, next); failure != "" && c.failure == "" {
			c.failure = failure
			continue
		}
		switch {
		case next.Done:
			return true, 0, nil
		case len(next.Begin)+len(next.Apply) == 0:
			c.message = next.Waiting
			return false, 0, nil
		case c.shut:
			return false, 0, errShut
		}
		bytes, err := r.bytesOf(ctx, p)
		if err != nil {
			return false, 0, err
		}
		if err := r.launch(ctx, p, s, c, next.Begin, bytes); err != nil {
			return false, 0, err
		}
		if kind := unserved(ctx, p, next.Apply); kind != "" {
			c.message = "waiting for the cluster to serve " + kind
			return false, served, nil
		}
		c.applied(next.Apply)
		if failure := r.execute(ctx, p, s, c, next.Apply, bytes.objects); failure != "" && c.failure == "" {
			c.failure = failure
		}
	}
}

// clear takes away objects of hooks that are in the way, and lets go of others.
func (r *Reconciler) clear(ctx context.Context, p *pass, c *course, next plan.Next) string {
	changes := make([]apply.Change, 0, len(next.Remove)+len(next.Release))
	gone := map[manifest.Key]bool{}
	for _, object := range next.Remove {
		changes = append(changes, hookRemoval(object, apply.Delete))
		gone[object.Key] = true
	}
	for _, object := range next.Release {
		changes = append(changes, hookRemoval(object, apply.Release))
		gone[object.Key] = true
	}
	if len(changes) == 0 {
		return ""
	}
	for i := range c.objects {
		if object := &c.objects[i]; gone[object.Key] {
			object.Held, object.Deleting = false, true
		}
	}
	return failuresOf("one or more hooks could not be deleted", r.apply(ctx, p, changes, apply.Options{}))
}

// hookRemoval deletes the object of a hook, or only lets go of it.
func hookRemoval(object live.Object, action apply.Action) apply.Change {
	return apply.Change{
		Action: action, Manifest: manifest.Manifest{Key: object.Key, Version: object.Version}, UID: object.UID,
		Finalizer: live.HookFinalizer, Propagation: metav1.DeletePropagationForeground,
	}
}

// launch makes the objects of hooks. That they begin is written before, so that after a
// restart no hook runs twice and none is forgotten.
func (r *Reconciler) launch(
	ctx context.Context, p *pass, s *state, c *course, hooks []plan.Hook, bytes stock,
) error {
	if len(hooks) == 0 {
		return nil
	}
	changes := make([]apply.Change, 0, len(hooks))
	for _, hook := range hooks {
		m, err := hook.Object(bytes.hooks[hook.Manifest], r.instanceName(p.app), r.Settings().InstanceLabel)
		if err != nil {
			return err
		}
		changes = append(changes, apply.Change{Action: apply.Apply, Manifest: m})
		c.announce(hook, imagesOf(m))
	}
	c.message = "one or more tasks are running"
	if err := r.show(ctx, p, s, false); err != nil {
		return err
	}
	for i, result := range r.apply(ctx, p, changes, apply.Options{}) {
		c.launched(hooks[i], result, r.Clock.Now().Add(expectFor))
	}
	return nil
}

// launched keeps what became of the making of a hook.
func (r *run) launched(hook plan.Hook, result apply.Result, fresh time.Time) {
	did := r.results[hook.ID()]
	did.status, did.uid, did.fresh = v1alpha1.ResultCode(result.Status), result.UID, fresh
	did.message = hook.Name + " created"
	if result.Err != nil {
		did.phase, did.message = v1alpha1.OperationFailed, result.Message
	}
	r.results[hook.ID()] = did
}

// execute applies changes side by side and remembers what each object became. It returns why
// that failed, "" where it did not.
func (r *Reconciler) execute(
	ctx context.Context, p *pass, s *state, c *course, step []plan.Change, manifests map[manifest.Key]manifest.Manifest,
) string {
	if len(step) == 0 {
		return ""
	}
	dryRun := s.run.operation.Sync != nil && s.run.operation.Sync.DryRun
	changes := make([]apply.Change, 0, len(step))
	for _, change := range step {
		if p.overrides(change) && !dryRun {
			if err := r.settle(ctx, p, change, manifests[change.Key]); err != nil {
				return err.Error()
			}
		}
		changes = append(changes, writeOf(p, change, manifests[change.Key]))
	}
	results := r.apply(ctx, p, changes, apply.Options{DryRun: dryRun, Again: s.run.tries > 0})
	for i, result := range results {
		s.run.record(step[i], result, imagesOf(changes[i].Manifest))
		switch {
		case result.Recreate:
			delete(s.applied, step[i].Key)
			c.leave(step[i].Key)
		case result.Err == nil && !dryRun:
			r.remember(s, step[i], result)
		}
	}
	return failuresOf("one or more objects failed to apply", results)
}

// failuresOf sums up what failed of a group, in one line.
func failuresOf(summary string, results []apply.Result) string {
	var failures []string
	for _, result := range results {
		if result.Err != nil {
			failures = append(failures, fmt.Sprintf("%s %s: %s", result.Kind, result.Name, brief(result.Message)))
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
	return summary + ": " + strings.Join(failures, "; ")
}

// removal deletes the object that was seen, and no other of its name.
func removal(change plan.Change, policy metav1.DeletionPropagation) apply.Change {
	return apply.Change{
		Action: apply.Delete, Manifest: manifest.Manifest{Key: change.Key, Version: change.Version},
		UID: change.UID, Propagation: policy, Finalizer: finalizerOf(change),
	}
}

// finalizerOf is what keeps an object of a hook from going.
func finalizerOf(change plan.Change) string {
	if change.Held {
		return live.HookFinalizer
	}
	return ""
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

// tidy takes away the objects of hooks when a sync has ended, and lets go of those that stay.
// The finalizer of a hook says that this is to be done, so that it is done after a restart, too.
func (r *Reconciler) tidy(ctx context.Context, p *pass, s *state) error {
	last := s.written.OperationState
	waits := s.run.active() && !s.run.retryAt.IsZero()
	if s.run != nil && !waits || last == nil || last.FinishedAt == nil || p.plan == nil {
		return nil
	}
	remove, release := plan.Tidy(p.hooks, last.Phase != v1alpha1.OperationSucceeded)
	changes := make([]apply.Change, 0, len(remove)+len(release))
	for _, object := range remove {
		changes = append(changes, hookRemoval(object, apply.Delete))
	}
	for _, object := range release {
		changes = append(changes, hookRemoval(object, apply.Release))
	}
	for _, result := range r.apply(ctx, p, changes, apply.Options{}) {
		if result.Err != nil {
			return fmt.Errorf("tidy up hook %s: %w", result.Key, result.Err)
		}
	}
	return nil
}
