// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

func hookOf(name string, phase plan.Phase) plan.Hook {
	return plan.Hook{Key: keyOf(name), Version: "v1", Phase: phase, Digest: manifest.DigestOf([]byte(name))}
}

func midway(hooks ...plan.Hook) *run {
	r := &run{
		trigger: capstan.TriggerAutomated, revision: "one", startedAt: testTime.Time, id: testTime.UnixNano(),
		operation: v1alpha1.Operation{
			Sync: &v1alpha1.SyncOperation{Revision: "one"}, InitiatedBy: v1alpha1.OperationInitiator{Automated: true},
		},
		results: map[plan.HookID]outcome{}, rendered: manifest.DigestOf([]byte("one")),
	}
	for _, hook := range hooks {
		r.announce(hook, []string{"busybox:1"})
	}
	return r
}

func TestARunGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	before, after := hookOf("before", plan.PreSync), hookOf("after", plan.PostSync)
	r := midway(before, after)
	r.see(map[plan.HookID]plan.HookRun{before.ID(): {State: plan.Failed, Message: "no"}})
	r.record(change("a", plan.Apply, plan.Changed), apply.Result{Status: apply.Synced, Message: "done"}, nil)
	r.message = "waiting"
	app := &v1alpha1.Application{}
	status := fold(v1alpha1.ApplicationStatus{}, observation{app: app, run: r, now: testTime})
	again := resumed(app, status)
	if again == nil {
		t.Fatal("the run is forgotten")
	}
	if diff := cmp.Diff(r.hookRuns(testTime.Time), again.hookRuns(testTime.Time)); diff != "" {
		t.Errorf("hooks (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(resultsOf(r), resultsOf(again)); diff != "" {
		t.Errorf("results (-before +after):\n%s", diff)
	}
	if again.trigger != r.trigger || again.revision != r.revision || !again.startedAt.Equal(r.startedAt) || again.message != "waiting" {
		t.Errorf("the run became %+v", again)
	}
	status.OperationState.Phase = v1alpha1.OperationSucceeded
	if resumed(app, status) != nil {
		t.Error("a run that ended goes on")
	}
	status.OperationState.Phase = v1alpha1.OperationRunning
	app.Operation = &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{Revision: "two"}}
	if resumed(app, status) != nil {
		t.Error("another operation goes on where the last one was")
	}
}

func TestARunFollowsWhatGitWants(t *testing.T) {
	t.Parallel()
	same, changed, gone := hookOf("same", plan.PreSync), hookOf("changed", plan.PreSync), hookOf("gone", plan.PreSync)
	wanted := func(text, revision string, hooks ...plan.Hook) *pass {
		return &pass{app: &v1alpha1.Application{}, desired: &desired{
			made: input{rendered: manifest.DigestOf([]byte(text))}, seen: revision, revision: revision, hooks: hooks,
		}}
	}
	edited := changed
	edited.Digest = manifest.DigestOf([]byte("edited"))
	r := midway(same, changed, gone)
	r.record(change("a", plan.Apply, plan.Changed), apply.Result{Status: apply.Synced}, nil)
	r.tries, r.retryAt = 2, testTime.Add(time.Minute)

	r.follow(wanted("one", "two", same, changed, gone))
	if len(r.results) != 4 || r.revision != "one" || r.tries != 2 {
		t.Errorf("a commit that changes nothing changed the run: %+v", r)
	}
	r.follow(wanted("two", "two", same, edited))
	if _, kept := r.results[same.ID()]; !kept || len(r.results) != 1 {
		t.Errorf("the run kept %v, want only the hook that runs and did not change", r.order)
	}
	if r.revision != "two" || r.tries != 0 || !r.retryAt.IsZero() {
		t.Errorf("the run is at %s, tried again %d times, next at %s", r.revision, r.tries, r.retryAt)
	}
}

func TestARunThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	limit := &v1alpha1.RetryStrategy{Limit: ptr.To[int64](1), Backoff: &v1alpha1.Backoff{Duration: "10s"}}
	app := &v1alpha1.Application{Spec: v1alpha1.ApplicationSpec{SyncPolicy: &v1alpha1.SyncPolicy{Retry: limit}}}
	r, s, p := &Reconciler{Options: Options{Clock: fixed(testTime.Time)}}, &state{run: midway()}, &pass{app: app}
	f := facts{now: testTime.Time, wanted: "one", revision: "one"}
	chosen := decision{trigger: capstan.TriggerAutomated, changes: []plan.Change{change("a", plan.Apply, plan.Changed)}}

	if wait := r.fail(s, p, f, chosen, "no"); wait != 10*time.Second || !s.run.active() {
		t.Fatalf("after the first failure it waits %s, and is in progress: %t", wait, s.run.active())
	}
	status := fold(v1alpha1.ApplicationStatus{}, observation{app: app, run: s.run, now: testTime})
	state := status.OperationState
	if state.Phase != v1alpha1.OperationRunning || state.FinishedAt == nil || state.RetryCount != 1 ||
		state.Message != "no. Retrying attempt #1 at 12:00AM." {
		t.Errorf("it shows as %s, finished %v, tried again %d: %s", state.Phase, state.FinishedAt, state.RetryCount, state.Message)
	}
	if again := resumed(app, status); again == nil || !again.retryAt.Equal(s.run.retryAt) || again.tries != 1 {
		t.Errorf("after a restart it is %+v", again)
	}
	s.run.again()
	if wait := r.fail(s, p, f, chosen, "no"); wait != 0 || s.run.active() || s.run.message != "no (retried 1 times)." {
		t.Errorf("after the last failure it waits %s, and ended with %q", wait, s.run.message)
	}
	if !s.spent.covers(f, chosen.changes) {
		t.Error("what failed is tried again")
	}
}

func TestAutomationDoesNotBeginAgainWhatAPersonEnded(t *testing.T) {
	t.Parallel()
	app := &v1alpha1.Application{}
	app.Status.OperationState = &v1alpha1.OperationState{Phase: v1alpha1.OperationTerminating}
	r, s := &Reconciler{Options: Options{Clock: fixed(testTime.Time)}}, &state{run: midway(hookOf("h", plan.PreSync))}
	changes := []plan.Change{change("a", plan.Apply, plan.Changed)}
	p := &pass{app: app, plan: &plan.Plan{Changes: changes}, desired: &desired{revision: "one"}}
	if wait := r.act(t.Context(), p, s, nil); wait != 0 || s.run.active() || !s.run.failed || s.run.message != "Operation terminated" {
		t.Fatalf("the run ended as %+v", s.run)
	}
	for revision, want := range map[string]bool{"one": true, "two": false} {
		chosen := decide(facts{policy: &v1alpha1.SyncPolicyAutomated{}, plan: *p.plan, spent: s.spent, wanted: revision, revision: revision})
		if held := chosen.held != ""; held != want {
			t.Errorf("revision %s: %+v", revision, chosen)
		}
	}
}

func TestHowOftenASyncIsTriedAgain(t *testing.T) {
	t.Parallel()
	limit := func(n int64) *v1alpha1.RetryStrategy { return &v1alpha1.RetryStrategy{Limit: ptr.To(n)} }
	for name, c := range map[string]struct {
		strategy *v1alpha1.RetryStrategy
		byHand   bool
		want     int
	}{
		"automation tries five times":                 {nil, false, 5},
		"a person's sync is tried once":               {nil, true, 0},
		"the strategy says how often":                 {limit(2), true, 2},
		"zero is never":                               {limit(0), false, 0},
		"a negative limit is for as long as it takes": {limit(-1), false, 1 << 62},
	} {
		if got := limitOf(c.strategy, c.byHand); min(got, 1<<62) != c.want {
			t.Errorf("%s: %d", name, got)
		}
	}
}
