// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/difference"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// pass is what one look at an Application found, from left to right along the arrow.
type pass struct {
	app      *v1alpha1.Application
	owner    *v1alpha1.AppProject
	target   *cluster.Cluster
	from     origin
	read     rendering
	prepared *plan.Prepared
	// stock is prepared by key, nil until something is written or compared.
	stock   *stock
	desired *desired
	plan    *plan.Plan
	// rules say which fields of objects may differ.
	rules difference.Rules
	// kept are the objects that the hub keeps for the destination.
	kept map[manifest.Key]bool
	// clash is why the hub cannot keep an object that is wanted, nil where it can.
	clash error
	// undone are the Rollouts that somebody took back to an earlier revision.
	undone map[manifest.Key]v1alpha1.Undone
	// hooks are the objects of hooks in the destination.
	hooks []live.Object
	// claimed are objects in the place of hooks that another Application tracks.
	claimed []live.Object
	// unchanged reports that Git wants what it wanted, and that nothing else was told.
	unchanged bool
	// prune allows to delete what is not wanted any more.
	prune bool
	// gate is what the gate asks of the Application, and standing how it stands there, nil where that was not looked at.
	gate     gate.Requirement
	standing *v1alpha1.ApplicationGate
	// problems are the conditions found on the way.
	problems []v1alpha1.ApplicationCondition
}

// reconcile takes one Application one step further and says when to look again; zero means
// when something happens.
func (r *Reconciler) reconcile(ctx context.Context, app *v1alpha1.Application) (time.Duration, error) {
	s := r.states.of(app)
	if versionOf(app) < s.version {
		return behind, nil
	}
	if err := r.load(ctx, s, app); err != nil {
		return 0, err
	}
	if app.Annotations[v1alpha1.AnnotationKeyRefresh] != "" {
		r.invalidate(app)
	}
	if app.DeletionTimestamp != nil {
		return r.remove(ctx, app, s)
	}
	heard := s.heard.Load()
	gitAlone := s.settled == heard
	// Whatever ends this pass early leaves something to do, unless it is that nothing is new.
	s.settled = 0
	p, err := r.look(ctx, app, s, gitAlone)
	switch {
	case errors.Is(err, errNothingNew):
		s.settled = heard
		return 0, nil
	case opening(err):
		return lag, nil
	case err != nil:
		p.problems = append(p.problems, conditionOf(err))
	}
	again := r.act(ctx, p, s, err)
	if p.plan != nil {
		again = soonest(again, r.orphaned(ctx, p, s))
	}
	settling, err := r.report(ctx, p, s)
	if err != nil {
		return 0, err
	}
	if err := r.tidy(ctx, p, s); err != nil {
		return 0, err
	}
	if err := r.keepFarewell(ctx, p); err != nil {
		return 0, err
	}
	if !s.lagging {
		r.states.note(types.NamespacedName{Namespace: app.Namespace, Name: app.Name}, s)
	}
	wait := soonest(again, settling)
	if wait == 0 && s.atRest(p) {
		s.settled = heard
	}
	return wait, r.acknowledge(ctx, app)
}

// errNothingNew ends a look at Git that found what was found before, where nothing else can
// have changed.
var errNothingNew = errors.New("nothing is new")

// atRest reports that a pass found nothing wrong and left nothing to wait for.
func (s *state) atRest(p *pass) bool {
	return len(p.problems) == 0 && s.run == nil && len(s.expected) == 0 && p.app.Operation == nil &&
		p.app.Annotations[v1alpha1.AnnotationKeyRefresh] == ""
}

// look reads Git and the destination and compares them. On an error the pass holds what
// was found until then; what Git said last stands in for a repository that cannot be read,
// so that drift is healed while it is away. Where only Git can have news and has none, it
// fails with errNothingNew.
func (r *Reconciler) look(ctx context.Context, app *v1alpha1.Application, s *state, gitAlone bool) (*pass, error) {
	p := &pass{app: app, prune: prunes(app)}
	before := s.prepared
	if err := r.reach(ctx, p); err != nil {
		return p, err
	}
	var err error
	if p.from, err = originOf(app, syncOf(app)); err != nil {
		return p, invalid(err)
	}
	readErr := r.want(ctx, p, s)
	p.unchanged = gitAlone && readErr == nil && p.desired == before
	if readErr != nil && !r.stands(p, s) {
		return p, readErr
	}
	if readErr != nil {
		p.desired = s.prepared
	}
	if err := r.compare(ctx, p, s); err != nil {
		return p, err
	}
	return p, readErr
}

// want finds out what Git wants, with the bytes only where it is news.
func (r *Reconciler) want(ctx context.Context, p *pass, s *state) error {
	if isLocal(p.app) {
		return r.wantLocal(ctx, p)
	}
	var err error
	if p.read, err = r.snapshots(ctx, p.owner, p.from); err != nil {
		return err
	}
	s.prepared = r.known(ctx, p, s.prepared)
	if s.prepared != nil && s.prepared.seen == p.read.text() && s.prepared.made.from(r.inputOf(p)) {
		p.desired = s.prepared
		return nil
	}
	if err = r.render(ctx, p); err != nil {
		return err
	}
	made := r.inputOf(p)
	if s.prepared != nil && s.prepared.made == made {
		s.prepared.seen = p.read.text()
		p.desired = s.prepared
		return nil
	}
	prepared, err := r.prepare(ctx, p.app, p.owner, p.target, p.read.output)
	if err != nil {
		return err
	}
	p.prepared = &prepared
	p.desired = r.summarize(p, prepared, made)
	s.prepared = p.desired
	return nil
}

// known drops a desired state that was made before the destination served one of its kinds.
func (r *Reconciler) known(ctx context.Context, p *pass, made *desired) *desired {
	if made == nil {
		return nil
	}
	for _, object := range made.objects {
		if !object.Guessed {
			continue
		}
		if _, err := p.target.Resource(ctx, object.GroupKind().WithVersion(object.Version)); err == nil {
			return nil
		}
	}
	return made
}

// stands reports whether the last good desired state may stand in for an unreadable one:
// it is of the same place, and nobody asked for another revision.
func (r *Reconciler) stands(p *pass, s *state) bool {
	return s.prepared != nil && p.app.Operation == nil && s.prepared.made.source == p.from.digest() &&
		s.prepared.made.server == p.target.Server()
}

// compare makes the plan.
func (r *Reconciler) compare(ctx context.Context, p *pass, s *state) error {
	instance := r.instanceName(p.app)
	keys := make([]manifest.Key, 0, len(p.desired.objects))
	for _, object := range p.desired.objects {
		keys = append(keys, object.Key)
	}
	for _, key := range p.desired.apart {
		if key.Name != "" {
			keys = append(keys, key)
		}
	}
	seen, err := r.read(ctx, p, s, p.desired, keys)
	if err != nil {
		return unreadable(err)
	}
	if err = stale(seen); err != nil {
		return unreadable(err)
	}
	if p.clash != nil {
		return invalid(p.clash)
	}
	if p.unchanged {
		return errNothingNew
	}
	objects := r.catchUp(s, instance, seen.Objects)
	p.hooks, p.claimed = hooksOf(objects, instance), r.claimed(p, objects)
	if p.rules, err = r.rulesOf(p.app, s); err != nil {
		return invalid(err)
	}
	p.undone = undoneOf(p.target, p.kept, objects)
	p.rules = slices.Concat(p.desired.driven, p.holding(s), p.rules)
	options := optionsOf(p.app)
	input := plan.Input{
		Application: instance, Desired: p.desired.objects, Live: objects, Apart: p.desired.apart,
		Applied: slices.Collect(maps.Values(s.applied)), Prune: p.prune, Exists: r.exists,
		Undone: p.undoneKeys(), Insist: p.app.Operation != nil,
		Keep: options.Keep, How: options.How, Confirmed: confirmed(p.app, s.run.since()),
		Rules: func(key manifest.Key) manifest.Digest { return p.rules.Of(key).Digest() },
	}
	made := plan.Make(input)
	excused, err := r.excuse(ctx, p, s, made, objects)
	if err != nil {
		return err
	}
	if excused {
		input.Applied = slices.Collect(maps.Values(s.applied))
		made = plan.Make(input)
	}
	p.plan = &made
	p.problems = append(p.problems, warnings(made, p.desired)...)
	p.problems = append(p.problems, p.rolledBack()...)
	return nil
}

// hooksOf picks the objects of an application's hooks.
func hooksOf(objects []live.Object, instance string) []live.Object {
	var hooks []live.Object
	for _, object := range objects {
		if object.Hook != 0 && object.Application == instance {
			hooks = append(hooks, object)
		}
	}
	return hooks
}

// prunes tells whether what Git no longer has may be deleted: as the operation says, else
// as the automated policy does.
func prunes(app *v1alpha1.Application) bool {
	if sync := syncOf(app); sync != nil {
		return sync.Prune
	}
	policy := policyOf(app)
	return policy != nil && on(policy.Prune)
}

func syncOf(app *v1alpha1.Application) *v1alpha1.SyncOperation {
	if app.Operation == nil {
		return nil
	}
	return app.Operation.Sync
}

func policyOf(app *v1alpha1.Application) *v1alpha1.SyncPolicyAutomated {
	if app.Spec.SyncPolicy == nil {
		return nil
	}
	return app.Spec.SyncPolicy.Automated
}

// soonest returns the shorter of two waits, where zero is none.
func soonest(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func (r *Reconciler) now() metav1.Time { return metav1.Time{Time: r.Clock.Now().Truncate(time.Second)} }

// behind is how long to wait for the informer to see this reconciler's own last write.
const behind = 20 * time.Millisecond

// versionOf reads a resourceVersion, which grows with every write of the object.
func versionOf(app *v1alpha1.Application) uint64 {
	version, err := strconv.ParseUint(app.ResourceVersion, 10, 64)
	if err != nil {
		return 0
	}
	return version
}

// invalidate makes the next look ask the remote.
func (r *Reconciler) invalidate(app *v1alpha1.Application) {
	for _, url := range repositories(app) {
		r.Sources.Invalidate(url)
	}
}

// opening reports that the destination's objects are being listed for the first time:
// nothing is wrong, and nothing can be said yet.
func opening(err error) bool {
	var unsynced *cluster.NotSyncedError
	if !errors.As(err, &unsynced) {
		return false
	}
	for _, reason := range unsynced.Kinds {
		if reason != nil {
			return false
		}
	}
	return true
}

// stale names the kinds whose watch fails: their records are old, and nothing may be
// concluded from them.
func stale(seen cluster.Set) error {
	for kind, since := range seen.Stale {
		return fmt.Errorf("the watch of %s fails since %s", kind, since.UTC().Format(time.RFC3339))
	}
	return nil
}
