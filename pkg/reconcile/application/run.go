// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
	"github.com/capstan-dev/capstan/pkg/render"
)

// begin returns the run in progress, or a new one for what was chosen. What a person asks
// for takes over what automation began.
func (r *Reconciler) begin(s *state, p *pass, chosen decision) *run {
	if s.run.active() && s.run.trigger == chosen.trigger {
		s.run.follow(p)
		return s.run
	}
	operation := v1alpha1.Operation{
		Sync:        &v1alpha1.SyncOperation{Revision: p.revision(), Revisions: p.revisions(), Prune: p.prune},
		InitiatedBy: v1alpha1.OperationInitiator{Automated: true},
	}
	if p.app.Operation != nil {
		operation = *p.app.Operation.DeepCopy()
	}
	promise(&operation, chosen)
	begun := &run{
		trigger: chosen.trigger, operation: operation, revision: p.revision(), revisions: p.revisions(),
		startedAt: r.now().Time, id: r.Clock.Now().UnixNano(), results: map[plan.HookID]outcome{},
	}
	if s.run.active() {
		begun.results = s.run.results
		begun.restart(begun.wanted(p))
	}
	if p.desired != nil {
		begun.rendered = p.desired.made.rendered
	}
	s.run = begun
	return begun
}

// promise notes in an operation which Plan it carries out.
func promise(operation *v1alpha1.Operation, chosen decision) {
	if chosen.plan == nil {
		return
	}
	operation.Info = append(operation.Info, v1alpha1.Info{Name: v1alpha1.InfoPlan, Value: chosen.plan.Name})
	if chosen.plan.Spec.Kind == capstan.PlanRollback && !slices.ContainsFunc(operation.Info, isRollback) {
		operation.Info = append(operation.Info, v1alpha1.Info{Name: v1alpha1.InfoRollback})
	}
	if operation.InitiatedBy.Automated {
		operation.InitiatedBy.Username = chosen.plan.Spec.Requester.Username
	}
}

// follow takes over what Git wants now: the newest desired state always wins.
func (r *run) follow(p *pass) {
	if p.desired == nil || r.rendered == p.desired.made.rendered {
		return
	}
	same := r.rendered.IsZero() && r.revision == p.revision() && slices.Equal(r.revisions, p.revisions())
	r.rendered, r.revision, r.revisions = p.desired.made.rendered, p.revision(), p.revisions()
	if !same {
		r.restart(r.wanted(p))
		r.tries, r.retryAt, r.triedAt = 0, time.Time{}, time.Time{}
	}
}

// wanted are the hooks of what Git wants, under the names that they have in this run.
func (r *run) wanted(p *pass) []plan.Hook {
	if p.desired == nil || !r.hooked() {
		return nil
	}
	return plan.Named(p.desired.hooks, strings.Join(append([]string{r.revision}, r.revisions...), ""), r.startedAt)
}

// hooked reports whether the run goes through hooks (as Argo CD 3.5: controller/sync.go): a
// part, a dry run, a mere apply and the healing of drift do not.
func (r *run) hooked() bool {
	sync := r.operation.Sync
	if sync == nil || sync.DryRun || len(sync.Resources) > 0 || r.trigger == capstan.TriggerSelfHeal {
		return false
	}
	return sync.SyncStrategy == nil || sync.SyncStrategy.Apply == nil
}

// touches reports whether an object is part of the run.
func (r *run) touches(key manifest.Key) bool {
	return r.operation.Sync == nil || selected(r.operation.Sync.Resources, key)
}

// direct reports that the run waits for nothing.
func (r *run) direct() bool {
	return r.trigger == capstan.TriggerSelfHeal || r.operation.Sync != nil && r.operation.Sync.DryRun
}

// end finishes the run in progress; an operation that never began is finished, too.
func (r *Reconciler) end(s *state, p *pass, failed bool, message string) {
	if !s.run.active() && p.app.Operation == nil {
		return
	}
	current := s.run
	if !current.active() {
		current = r.begin(s, p, decision{trigger: triggerOf(*p.app.Operation)})
	}
	current.failed, current.message = failed, message
	current.finished = r.now().Time
	if !current.finished.After(current.startedAt) {
		current.finished = current.startedAt
	}
	s.flushBy = r.Clock.Now().Add(settle)
}

// stock are the bytes of what a sync writes.
type stock struct {
	objects map[manifest.Key]manifest.Manifest
	hooks   []manifest.Manifest
	// all are both, in the order in which a Plan keeps them.
	all []manifest.Manifest
}

// bytesOf returns the prepared manifests. They were dropped after the last pass, and come
// back from the render cache.
func (r *Reconciler) bytesOf(ctx context.Context, p *pass) (stock, error) {
	if p.stock != nil {
		return *p.stock, nil
	}
	if p.prepared == nil {
		output, err := r.again(ctx, p)
		if err != nil {
			return stock{}, err
		}
		prepared, err := r.prepare(ctx, p.app, p.owner, p.target, output)
		if err != nil {
			return stock{}, err
		}
		p.prepared = &prepared
	}
	objects := make(map[manifest.Key]manifest.Manifest, len(p.prepared.Manifests))
	for _, m := range p.prepared.Manifests {
		objects[m.Key] = m
	}
	p.stock = &stock{objects: objects, hooks: p.prepared.HookManifests, all: whole(*p.prepared)}
	return *p.stock, nil
}

// again returns what the desired state was rendered to: as it is kept, else rendered anew,
// which needs the repository.
func (r *Reconciler) again(ctx context.Context, p *pass) (render.Output, error) {
	if isLocal(p.app) {
		return local(syncOf(p.app).Manifests)
	}
	if kept, found := r.stored(p.desired.outputs); found {
		return render.Output{Manifests: kept, Digest: p.desired.made.rendered, Type: p.desired.sourceType}, nil
	}
	if !p.read.whole() {
		return render.Output{}, unreadable(errors.New("the manifests are no longer kept, and the repository cannot be read"))
	}
	if err := r.render(ctx, p); err != nil {
		return render.Output{}, err
	}
	return p.read.output, nil
}

// course is how a run stands within one pass: what it still may do, and the plan as it has
// become since the pass looked.
type course struct {
	*run
	plan    plan.Plan
	chosen  []plan.Change
	hooks   []plan.Hook
	objects []live.Object
	// shut reports that a sync window forbids to write.
	shut bool
}

func (r *Reconciler) courseOf(p *pass, current *run, chosen decision) *course {
	c := &course{
		run: current, chosen: chosen.changes, hooks: current.wanted(p), objects: slices.Clone(p.hooks),
	}
	for _, change := range p.plan.Changes {
		if current.touches(change.Key) {
			c.plan.Changes = append(c.plan.Changes, change)
		}
	}
	return c
}

// next says what the run does next.
func (c *course) next(now time.Time) plan.Next {
	next := plan.Sequence(plan.Progress{
		Plan: c.plan, Chosen: c.chosen, Hooks: c.hooks, Runs: c.hookRuns(now), Objects: c.objects,
		Failure: c.failure, Direct: c.direct(),
	})
	c.see(next.Ended)
	if c.failure == "" {
		c.failure = next.Failure
	}
	return next
}

// leave marks an object that has to go before it can be made anew.
func (c *course) leave(key manifest.Key) {
	for i := range c.plan.Changes {
		if change := &c.plan.Changes[i]; change.Key == key {
			change.Reason = plan.Terminating
		}
	}
}

// applied takes changes off what is left, and marks them as not yet seen to be healthy.
func (c *course) applied(changes []plan.Change) {
	done := make(map[manifest.Key]bool, len(changes))
	for _, change := range changes {
		done[change.Key] = true
	}
	c.chosen = slices.DeleteFunc(slices.Clone(c.chosen), func(change plan.Change) bool { return done[change.Key] })
	for i := range c.plan.Changes {
		change := &c.plan.Changes[i]
		switch {
		case !done[change.Key]:
		case change.Action == plan.Prune:
			change.Action, change.Reason = plan.None, plan.Terminating
		default:
			change.Action, change.Health = plan.None, &health.Health{Status: health.Progressing}
		}
	}
}
