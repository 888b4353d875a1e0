// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

const (
	// firstList is how long a comparison waits for the objects of a destination to be listed.
	firstList = 10 * time.Second
	// listed is how often it looks whether they are.
	listed = 50 * time.Millisecond
)

// Computed is what a sync to a revision would do, found out by the stages that would do it.
type Computed struct {
	// Revision is the commit that was rendered, Revisions are those of several sources.
	Revision   string
	Revisions  []string
	SourceType v1alpha1.ApplicationSourceType
	Manifests  []manifest.Manifest
	Plan       plan.Plan
	Target     *cluster.Cluster
	// pass is what was found on the way.
	pass *pass
	// actor is the target as a sync would write to it; hub is what keeps objects for it, and own the same as it is
	// written to.
	actor apply.Target
	hub   *cluster.Cluster
	own   apply.Target
}

// Compute renders an Application at a revision ("" is the spec's own) and, where compare is
// set, plans it against the destination. It changes nothing.
func (r *Reconciler) Compute(
	ctx context.Context, app *v1alpha1.Application, revision string, compare bool,
) (*Computed, error) {
	p, _, err := r.compute(ctx, app, &v1alpha1.SyncOperation{Revision: revision, Prune: true}, compare)
	if err != nil {
		return nil, err
	}
	computed := &Computed{
		Revision: p.read.single(), Revisions: p.read.listed(), SourceType: p.read.output.Type, Target: p.target,
		Manifests: whole(*p.prepared),
	}
	if !compare {
		return computed, nil
	}
	computed.Plan, computed.pass = *p.plan, p
	if computed.hub = r.hub(p.target); computed.hub != nil {
		computed.own = r.own(computed.hub)
	}
	if computed.actor, err = r.actor(p); err != nil {
		return nil, err
	}
	return computed, nil
}

// compute is the pass of a sync that somebody might ask for.
func (r *Reconciler) compute(
	ctx context.Context, app *v1alpha1.Application, sync *v1alpha1.SyncOperation, compare bool,
) (*pass, *state, error) {
	p := &pass{app: app.DeepCopy(), prune: sync.Prune}
	p.app.Operation = &v1alpha1.Operation{Sync: sync}
	if err := r.reach(ctx, p); err != nil {
		return nil, nil, err
	}
	var err error
	if p.from, err = originOf(p.app, sync); err != nil {
		return nil, nil, invalid(err)
	}
	if p.read, err = r.snapshots(ctx, p.owner, p.from); err != nil {
		return nil, nil, err
	}
	if err = r.render(ctx, p); err != nil {
		return nil, nil, err
	}
	prepared, err := r.prepare(ctx, p.app, p.owner, p.target, p.read.output)
	if err != nil {
		return nil, nil, err
	}
	p.prepared, p.desired = &prepared, r.summarize(p, prepared, r.inputOf(p))
	if !compare {
		return p, nil, nil
	}
	s, err := r.recollect(ctx, app)
	if err != nil {
		return nil, nil, err
	}
	return p, s, r.compareSoon(ctx, p, s)
}

// compareSoon compares once the objects of the destination are known.
func (r *Reconciler) compareSoon(ctx context.Context, p *pass, s *state) error {
	return r.soon(ctx, func() error { return r.compare(ctx, p, s) })
}

// soon waits for objects that nobody here watched before: in a replica that does not
// reconcile, the first request is what begins to read them.
func (r *Reconciler) soon(ctx context.Context, look func() error) error {
	ctx, cancel := context.WithTimeout(ctx, firstList)
	defer cancel()
	for {
		err := look()
		if !opening(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-r.Clock.After(listed):
		}
	}
}
