// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// run is one sync, from its first step to the record that is kept of it.
type run struct {
	trigger   capstan.SyncRunTrigger
	operation v1alpha1.Operation
	revision  string
	// revisions are those of several sources.
	revisions []string
	// rendered names the desired state that the run works on, zero where a restart forgot it.
	rendered  manifest.Digest
	startedAt time.Time
	// id tells runs of one second apart.
	id      int64
	results map[plan.HookID]outcome
	order   []plan.HookID
	// tries is how often the run was tried again, retryAt when it is next, and triedAt when
	// the last attempt failed; zero while an attempt is under way.
	tries            int
	retryAt, triedAt time.Time
	// failure is why the run has failed although it has not ended yet.
	failure string
	// finished is set once nothing is left to do.
	finished time.Time
	failed   bool
	message  string
	// deploys is what a run of a Plan deploys, nil where it carries out none.
	deploys *v1alpha1.GateDeployment
	// told reports that the beginning was told.
	told bool
}

// outcome is what a run did with one object.
type outcome struct {
	version string
	action  capstan.SyncRunAction
	status  v1alpha1.ResultCode
	message string
	uid     types.UID
	images  []string
	// phase is how far a hook is; other objects are done when they are written.
	phase v1alpha1.OperationPhase
	hook  bool
	// digest is that of a hook's manifest, zero where a restart forgot it.
	digest manifest.Digest
	// fresh is until when the watch may not have told of a hook yet.
	fresh time.Time
}

// active reports that the run has not ended.
func (r *run) active() bool { return r != nil && r.finished.IsZero() }

// put keeps the outcome of an object; a later one of the same object replaces it.
func (r *run) put(id plan.HookID, did outcome) {
	if _, known := r.results[id]; !known {
		r.order = append(r.order, id)
	}
	r.results[id] = did
}

// record keeps what became of a change.
func (r *run) record(change plan.Change, result apply.Result, images []string) {
	did := outcome{
		version: change.Version, action: actionOf(change), status: v1alpha1.ResultCode(result.Status),
		message: messageOf(change, result), uid: result.UID, images: images, phase: v1alpha1.OperationSucceeded,
	}
	if result.Err != nil {
		did.phase = v1alpha1.OperationFailed
	}
	r.put(plan.HookID{Key: change.Key, Phase: plan.Sync}, did)
}

// announce keeps that a hook begins.
func (r *run) announce(hook plan.Hook, images []string) {
	r.put(hook.ID(), outcome{
		version: hook.Version, action: capstan.ActionCreate, phase: v1alpha1.OperationRunning, hook: true,
		digest: hook.Digest, images: images, message: hook.Name + " is being created",
	})
}

// see keeps what became of hooks.
func (r *run) see(ended map[plan.HookID]plan.HookRun) {
	for id, hook := range ended {
		did := r.results[id]
		did.message, did.uid, did.phase = hook.Message, hook.UID, v1alpha1.OperationSucceeded
		if hook.State == plan.Failed {
			did.phase = v1alpha1.OperationFailed
		}
		r.results[id] = did
	}
}

// hookRuns are the runs of hooks as package plan judges them.
func (r *run) hookRuns(now time.Time) map[plan.HookID]plan.HookRun {
	states := map[v1alpha1.OperationPhase]plan.State{
		v1alpha1.OperationRunning: plan.Running, v1alpha1.OperationSucceeded: plan.Succeeded,
	}
	runs := map[plan.HookID]plan.HookRun{}
	for id, did := range r.results {
		if !did.hook {
			continue
		}
		state, known := states[did.phase]
		if !known {
			state = plan.Failed
		}
		runs[id] = plan.HookRun{State: state, Message: did.message, UID: did.uid, Fresh: now.Before(did.fresh)}
	}
	return runs
}

// retry has the run tried again after a pause, and returns that.
func (r *run) retry(message string, pause time.Duration, now time.Time) time.Duration {
	r.tries++
	r.triedAt, r.retryAt = now, now.Add(pause)
	r.message = fmt.Sprintf("%s. Retrying attempt #%d at %s.", message, r.tries, r.retryAt.UTC().Format(time.Kitchen))
	return pause
}

// again begins another attempt where the last one failed.
func (r *run) again() {
	if !r.retryAt.IsZero() {
		r.retryAt, r.triedAt = time.Time{}, time.Time{}
		r.restart(nil)
	}
}

// restart forgets what was done, but for hooks that run by the very manifest that is wanted
// still: to run them once more would change nothing.
func (r *run) restart(wanted []plan.Hook) {
	old := r.results
	r.results, r.order, r.failure = map[plan.HookID]outcome{}, nil, ""
	for _, hook := range wanted {
		did, known := old[hook.ID()]
		if known && did.hook && did.phase == v1alpha1.OperationRunning && did.digest == hook.Digest {
			r.put(hook.ID(), did)
		}
	}
}
