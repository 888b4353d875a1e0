// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// keep records a run that ended. The name follows from the run, so that a write that is
// repeated is the same record.
func (r *Reconciler) keep(ctx context.Context, p *pass, done *run) error {
	object := r.syncRun(p, done)
	if err := r.attest(ctx, object, done); err != nil {
		return err
	}
	_, err := r.Client.CapstanV1alpha1().SyncRuns(p.app.Namespace).Create(ctx, object, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("record the sync of Application %s/%s: %w", p.app.Namespace, p.app.Name, err)
	}
	r.Metrics.writes.Inc()
	return nil
}

// attest adds to the record of a run which Plan it carried out, and who approved that. A Plan that is not under way was
// not carried out, whatever the operation says.
func (r *Reconciler) attest(ctx context.Context, object *capstan.SyncRun, done *run) error {
	name := planOf(done.operation)
	if name == "" {
		return nil
	}
	used, err := r.Desk.Plan(ctx, object.Namespace, name)
	if apierrors.IsNotFound(err) {
		// A status may name any Plan: what is not there carried nothing out.
		return nil
	}
	if err != nil {
		return err
	}
	if used.Status.Phase != capstan.PlanRunning && done.deploys == nil {
		return nil
	}
	object.Spec.Plan, object.Spec.PlanDigest, object.Spec.Manifests = used.Name, used.Digest, used.Spec.Manifests
	object.Spec.Approvers, _, err = r.Desk.Approvers(ctx, used)
	return err
}

// conclude notes how the Plan of a run ended that is under way.
func (r *Reconciler) conclude(ctx context.Context, app *v1alpha1.Application, done *run) error {
	name := planOf(done.operation)
	if name == "" {
		return nil
	}
	used, err := r.Desk.Plan(ctx, app.Namespace, name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil || used.Status.Phase != capstan.PlanRunning {
		return err
	}
	status := *used.Status.DeepCopy()
	status.Phase, status.Message = capstan.PlanSucceeded, done.message
	if done.failed {
		status.Phase = capstan.PlanFailed
	}
	return r.Desk.Note(ctx, used, status)
}

// runName is the Application's name and what tells its runs apart.
func runName(application, uid string, done *run) string {
	const longest = 230
	digest := manifest.DigestOf(fmt.Appendf(nil, "%s %s %d", uid, done.trigger, done.id))
	return fmt.Sprintf("%.*s-%.10s", longest, application, digest)
}

// syncRun is the record of a run: who asked for what, and what became of each object.
func (r *Reconciler) syncRun(p *pass, done *run) *capstan.SyncRun {
	started, finished := metav1.Time{Time: done.startedAt}, metav1.Time{Time: done.finished}
	object := &capstan.SyncRun{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.app.Namespace,
			Name:      runName(p.app.Name, string(p.app.UID), done),
		},
		Spec: capstan.SyncRunSpec{
			Application: capstan.SyncRunApplication{Name: p.app.Name, UID: p.app.UID},
			Revision:    done.revision,
			Revisions:   done.revisions,
			Sources:     runSources(p.app, done),
			Requester:   requesterOf(done.operation),
			Trigger:     done.trigger,
		},
		Status: capstan.SyncRunStatus{
			Phase: phaseOf(done), Message: done.message, StartedAt: &started, FinishedAt: &finished,
			Resources: runResources(done),
		},
	}
	if len(object.Spec.Sources) == 0 {
		object.Spec.Sources = v1alpha1.ApplicationSources{runSource(p.app, done)}
	}
	if sync := done.operation.Sync; sync != nil {
		object.Spec.Prune, object.Spec.DryRun = sync.Prune, sync.DryRun
	}
	if p.target != nil {
		to := p.target.Destination()
		object.Spec.Destination = capstan.SyncRunDestination{
			Server: to.Server, Name: to.Name, Namespace: p.app.Spec.Destination.Namespace, UID: p.target.Status().UID,
		}
	}
	return object
}

// requesterOf reads who asked, as the API server stamped it on the operation.
func requesterOf(operation v1alpha1.Operation) capstan.SyncRunRequester {
	requester := capstan.SyncRunRequester{
		Username: operation.InitiatedBy.Username, Automated: operation.InitiatedBy.Automated,
	}
	for _, info := range operation.Info {
		switch info.Name {
		case v1alpha1.InfoRequesterUID:
			requester.UID = info.Value
		case v1alpha1.InfoRequesterGroups:
			requester.Groups = strings.Split(info.Value, ",")
		}
	}
	return requester
}

func runResources(done *run) []capstan.SyncRunResource {
	ids := done.within(recordBytes)
	resources := make([]capstan.SyncRunResource, 0, len(ids))
	for _, id := range ids {
		did := done.results[id]
		entry := capstan.SyncRunResource{
			Group: id.Group, Version: did.version, Kind: id.Kind, Namespace: id.Namespace, Name: id.Name,
			UID: did.uid, Action: did.action, Status: did.status, Message: brief(did.message),
		}
		if did.hook {
			entry.HookType, entry.HookPhase = v1alpha1.HookType(id.Phase), did.phase
		}
		resources = append(resources, entry)
	}
	return resources
}

func actionOf(change plan.Change) capstan.SyncRunAction {
	switch {
	case change.Action == plan.Prune:
		return capstan.ActionPrune
	case change.Action == plan.None:
		return capstan.ActionNone
	case change.Live:
		return capstan.ActionUpdate
	default:
		return capstan.ActionCreate
	}
}
