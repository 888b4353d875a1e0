// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// report writes the status where it changed, and the record of a run that ended. It says
// how long to wait where the status is about to settle.
func (r *Reconciler) report(ctx context.Context, p *pass, s *state) (time.Duration, error) {
	if wait := r.settling(p, s); wait > 0 {
		return wait, nil
	}
	finished := s.run != nil && !s.run.finished.IsZero()
	if finished {
		if err := r.keep(ctx, p, s.run); err != nil {
			return 0, err
		}
		if err := r.conclude(ctx, p.app, s.run); err != nil {
			return 0, err
		}
	}
	if err := r.show(ctx, p, s, finished); err != nil {
		return 0, err
	}
	if finished {
		s.run = nil
	}
	return 0, nil
}

// show writes the status where it says something new, or where it has to be written anyway.
func (r *Reconciler) show(ctx context.Context, p *pass, s *state, anyway bool) error {
	old := s.written
	status := fold(old, observation{
		app: p.app, desired: p.desired, plan: p.plan, hooks: p.hooks, applied: s.applied, run: s.run,
		conditions: p.problems, standing: p.standing, ungated: p.plan != nil && !p.gate.Gated, now: r.now(),
	})
	if !anyway && equality.Semantic.DeepEqual(old, status) {
		return nil
	}
	if err := r.write(ctx, p.app, s, status); err != nil {
		return err
	}
	r.tell(p.app, old, status, s.run)
	return nil
}

// settling says how long a status is worth waiting for: until the watch tells of what was
// applied, and after automated work until health settles.
func (r *Reconciler) settling(p *pass, s *state) time.Duration {
	switch {
	case s.lagging:
		return lag
	case s.run == nil || s.run.finished.IsZero() || s.run.failed || p.app.Operation != nil || p.plan == nil:
		return 0
	case len(s.expected) > 0:
		return lag
	case healthOf(*p.plan).Status != "Progressing":
		return 0
	default:
		return max(0, s.flushBy.Sub(r.Clock.Now()))
	}
}

// write replaces the status that is known here, and none that somebody else has written since: a process that was
// stopped may go on when another one leads. A status never lands on another Application of the same name.
func (r *Reconciler) write(
	ctx context.Context, app *v1alpha1.Application, s *state, status v1alpha1.ApplicationStatus,
) error {
	body := &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: app.Namespace, Name: app.Name, UID: app.UID, ResourceVersion: s.versionText(),
		},
		Status: status,
	}
	written, err := r.Client.ArgoprojV1alpha1().Applications(app.Namespace).UpdateStatus(ctx, body, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write status of Application %s/%s: %w", app.Namespace, app.Name, err)
	}
	s.written, s.version = status, versionOf(written)
	r.Metrics.writes.Inc()
	return nil
}

// load takes over what the store knows, the first time and whenever somebody else wrote it.
func (r *Reconciler) load(ctx context.Context, s *state, app *v1alpha1.Application) error {
	if s.applied != nil && versionOf(app) <= s.version {
		return nil
	}
	status := *app.Status.DeepCopy()
	if s.applied == nil {
		recorded, err := r.recordOf(ctx, app)
		if err != nil {
			return err
		}
		s.applied, s.expected = appliedOf(recorded), map[manifest.Key]time.Time{}
		s.written.Resources = recorded
		s.run, s.spent = resumed(app, app.Status), spentBefore(app.Status)
	}
	status.Resources = s.written.Resources
	s.written, s.version = status, versionOf(app)
	return nil
}

// recordOf returns the object record of an Application: what the API filled in, or, where
// it is too long for that, the whole from its subresource.
func (r *Reconciler) recordOf(ctx context.Context, app *v1alpha1.Application) ([]v1alpha1.ResourceStatus, error) {
	if len(app.Status.Resources) > 0 || app.Status.ReconciledAt == nil {
		return app.Status.Resources, nil
	}
	record, err := r.Client.ArgoprojV1alpha1().Applications(app.Namespace).GetResources(ctx, app.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read the resources of Application %s/%s: %w", app.Namespace, app.Name, err)
	}
	return record.Items, nil
}

func appliedOf(record []v1alpha1.ResourceStatus) map[manifest.Key]plan.Applied {
	applied := make(map[manifest.Key]plan.Applied, len(record))
	for _, entry := range record {
		if entry.Desired == "" {
			continue
		}
		key := manifest.Key{Group: entry.Group, Kind: entry.Kind, Namespace: entry.Namespace, Name: entry.Name}
		applied[key] = plan.Applied{
			Key: key, Version: entry.Version, UID: types.UID(entry.UID),
			Desired: manifest.ParseDigest(entry.Desired), Owned: manifest.ParseDigest(entry.Owned),
			Excused: manifest.ParseDigest(entry.Excused),
		}
	}
	return applied
}

// acknowledge takes off the annotation that asked for a refresh: clients wait for that.
func (r *Reconciler) acknowledge(ctx context.Context, app *v1alpha1.Application) error {
	if _, asked := app.Annotations[v1alpha1.AnnotationKeyRefresh]; !asked {
		return nil
	}
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:null}}}`, v1alpha1.AnnotationKeyRefresh)
	_, err := r.Client.ArgoprojV1alpha1().Applications(app.Namespace).
		Patch(ctx, app.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("acknowledge the refresh of Application %s/%s: %w", app.Namespace, app.Name, err)
	}
	// Who asked while this look was on found the annotation there already: the next poll is for them.
	r.invalidate(app)
	return nil
}
