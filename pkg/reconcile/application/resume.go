// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// resumed returns the run that the status says is in progress, nil where there is none: all
// that a run needs after a restart is in there, and in the objects of its hooks.
func resumed(app *v1alpha1.Application, status v1alpha1.ApplicationStatus) *run {
	state := status.OperationState
	if state == nil || state.Phase != v1alpha1.OperationRunning && state.Phase != v1alpha1.OperationTerminating {
		return nil
	}
	if app.Operation != nil && !equality.Semantic.DeepEqual(app.Operation.Sync, state.Operation.Sync) {
		return nil
	}
	r := &run{
		trigger: triggerOf(state.Operation), operation: *state.Operation.DeepCopy(), startedAt: state.StartedAt.Time,
		id: state.StartedAt.UnixNano(), results: map[plan.HookID]outcome{}, tries: int(state.RetryCount),
		message: state.Message, told: true,
	}
	if state.FinishedAt != nil {
		r.triedAt = state.FinishedAt.Time
		r.retryAt = r.triedAt.Add(retryPause(r.tries, strategyOf(r.operation, retryOf(app))))
	}
	if state.SyncResult == nil {
		return r
	}
	r.revision, r.revisions = state.SyncResult.Revision, state.SyncResult.Revisions
	for _, entry := range state.SyncResult.Resources {
		key := manifest.Key{Group: entry.Group, Kind: entry.Kind, Namespace: entry.Namespace, Name: entry.Name}
		r.put(plan.HookID{Key: key, Phase: plan.Phase(cmp.Or(entry.SyncPhase, v1alpha1.SyncPhaseSync))}, outcome{
			version: entry.Version, action: actionAgain(entry), status: entry.Status, message: entry.Message,
			images: entry.Images, phase: entry.HookPhase, hook: entry.HookType != "",
		})
	}
	return r
}

// triggerOf tells why an operation was begun.
func triggerOf(operation v1alpha1.Operation) capstan.SyncRunTrigger {
	switch {
	case slices.ContainsFunc(operation.Info, isRollback):
		return capstan.TriggerRollback
	case !operation.InitiatedBy.Automated:
		return capstan.TriggerManual
	case operation.Sync != nil && operation.Sync.SelfHealAttemptsCount > 0:
		return capstan.TriggerSelfHeal
	default:
		return capstan.TriggerAutomated
	}
}

// actionAgain tells what was done to an object by its result.
func actionAgain(entry v1alpha1.ResourceResult) capstan.SyncRunAction {
	switch {
	case entry.HookType != "":
		return capstan.ActionCreate
	case entry.Status == v1alpha1.ResultCodePruned || entry.Status == v1alpha1.ResultCodePruneSkipped:
		return capstan.ActionPrune
	default:
		return capstan.ActionUpdate
	}
}
