// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"cmp"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// historyLimit is how many deployments status.history holds where the spec does not say.
const historyLimit = 10

// foldRun writes the sync in progress, or the one that just ended, into the status.
func foldRun(status *v1alpha1.ApplicationStatus, seen observation) {
	r := seen.run
	state := &v1alpha1.OperationState{
		Operation: r.operation,
		Phase:     phaseOf(r),
		Message:   r.message,
		StartedAt: metav1.Time{Time: r.startedAt},
		SyncResult: &v1alpha1.SyncOperationResult{
			Resources: resultsOf(r), Revision: r.revision, Source: runSource(seen.app, r),
			ManagedNamespaceMetadata: managedMetadata(seen.app),
			Revisions:                r.revisions, Sources: runSources(seen.app, r),
		},
		RetryCount: int64(r.tries),
	}
	status.OperationState = state
	if !r.triedAt.IsZero() {
		// A failed attempt that is followed by another shows as running, with an end.
		state.FinishedAt = &metav1.Time{Time: r.triedAt.Truncate(time.Second)}
	}
	if r.finished.IsZero() {
		return
	}
	finished := metav1.Time{Time: r.finished}
	state.FinishedAt = &finished
	// Clients wait for reconciledAt not before finishedAt (as Argo CD 3.6: checkAppWaitConditions).
	status.ReconciledAt = &finished
	if recorded(r) {
		status.History = appendHistory(status.History, seen)
	}
}

func phaseOf(r *run) v1alpha1.OperationPhase {
	switch {
	case r.finished.IsZero():
		return v1alpha1.OperationRunning
	case r.failed:
		return v1alpha1.OperationFailed
	default:
		return v1alpha1.OperationSucceeded
	}
}

// recorded tells which runs are deployments: whole ones that changed the destination. What
// heals drift or syncs a part leaves no history (as Argo CD 3.6: controller/sync.go).
func recorded(r *run) bool {
	sync := r.operation.Sync
	return !r.failed && sync != nil && !sync.DryRun && len(sync.Resources) == 0 && r.trigger != capstan.TriggerSelfHeal
}

func appendHistory(history v1alpha1.RevisionHistories, seen observation) v1alpha1.RevisionHistories {
	r := seen.run
	limit := historyLimit
	if configured := seen.app.Spec.RevisionHistoryLimit; configured != nil {
		limit = int(*configured)
	}
	var id int64
	if len(history) > 0 {
		id = history[len(history)-1].ID + 1
	}
	started := metav1.Time{Time: r.startedAt}
	history = append(history, v1alpha1.RevisionHistory{
		ID: id, Revision: r.revision, DeployedAt: metav1.Time{Time: r.finished}, DeployStartedAt: &started,
		Source: runSource(seen.app, r), Revisions: r.revisions, Sources: runSources(seen.app, r),
		InitiatedBy: r.operation.InitiatedBy,
	})
	return history[max(0, len(history)-limit):]
}

// runSource is the source that was synced: the operation's own where it has one, empty
// where there were several.
func runSource(app *v1alpha1.Application, r *run) v1alpha1.ApplicationSource {
	if len(runSources(app, r)) > 0 {
		return v1alpha1.ApplicationSource{}
	}
	if r.operation.Sync != nil && r.operation.Sync.Source != nil {
		return *r.operation.Sync.Source
	}
	return sourceValue(app.Spec.Source)
}

// runSources are the sources that were synced, nil where there was one.
func runSources(app *v1alpha1.Application, r *run) v1alpha1.ApplicationSources {
	switch sync := r.operation.Sync; {
	case sync != nil && len(sync.Sources) > 0:
		return sync.Sources
	case sync != nil && sync.Source != nil:
		return nil
	}
	return app.Spec.Sources
}

// shown names the revisions of a run for people.
func (r *run) shown() string {
	if len(r.revisions) == 0 {
		return shortened(r.revision)
	}
	names := make([]string, len(r.revisions))
	for i, revision := range r.revisions {
		names[i] = shortened(revision)
	}
	return strings.Join(names, ", ")
}

func resultsOf(r *run) v1alpha1.ResourceResults {
	ids := r.within(statusBytes)
	results := make(v1alpha1.ResourceResults, 0, len(ids))
	for _, id := range ids {
		did := r.results[id]
		entry := v1alpha1.ResourceResult{
			Group: id.Group, Version: did.version, Kind: id.Kind, Namespace: id.Namespace, Name: id.Name,
			Status: did.status, Message: brief(did.message), SyncPhase: v1alpha1.SyncPhase(id.Phase), HookPhase: did.phase,
			Images: did.images,
		}
		if did.hook {
			entry.HookType = v1alpha1.HookType(id.Phase)
		}
		results = append(results, entry)
	}
	return results
}

func messageOf(change plan.Change, result apply.Result) string {
	verb := map[plan.Reason]string{
		plan.Missing: "created", plan.Changed: "configured", plan.Drifted: "healed",
		plan.Adopted: "adopted", plan.Extra: "pruned",
	}[change.Reason]
	return cmp.Or(result.Message, verb)
}
