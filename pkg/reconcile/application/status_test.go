// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

var testTime = metav1.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant, but for its type.

func synced(name string, healthy health.Status) plan.Change {
	return plan.Change{
		Key: keyOf(name), Version: "v1", Live: true, UID: "1", Health: &health.Health{Status: healthy},
	}
}

func observed(revision string, changes ...plan.Change) observation {
	return observation{
		app:     &v1alpha1.Application{},
		desired: &desired{revision: revision, sourceType: v1alpha1.ApplicationSourceTypeKustomize},
		plan:    &plan.Plan{Changes: changes},
		now:     testTime,
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	type shown struct {
		Sync     v1alpha1.SyncStatusCode
		Revision string
		Health   v1alpha1.HealthStatusCode
		Phase    v1alpha1.OperationPhase
		History  int
	}
	before := v1alpha1.ApplicationStatus{
		Sync: v1alpha1.SyncStatus{Status: v1alpha1.SyncStatusCodeSynced, Revision: "one"},
	}
	ended := func(trigger capstan.SyncRunTrigger, failed bool) *run {
		return &run{
			trigger: trigger, failed: failed, revision: "two", finished: testTime.Time, startedAt: testTime.Time,
			operation: v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{}},
		}
	}
	with := func(seen observation, done *run) observation { seen.run = done; return seen }
	unread := observation{app: &v1alpha1.Application{}, now: testTime}
	cases := map[string]struct {
		old  v1alpha1.ApplicationStatus
		seen observation
		want shown
	}{
		"shows what was compared": {
			seen: observed("two", synced("a", health.Healthy), synced("b", health.Progressing)),
			want: shown{Sync: "Synced", Revision: "two", Health: "Progressing"},
		},
		"is out of sync with one object that is": {
			seen: observed("two", synced("a", health.Healthy), change("b", plan.Apply, plan.Changed)),
			want: shown{Sync: "OutOfSync", Revision: "two", Health: "Healthy"},
		},
		"keeps the revision while nothing changes for the Application": {
			old:  before,
			seen: observed("two", synced("a", health.Healthy)),
			want: shown{Sync: "Synced", Revision: "one", Health: "Healthy"},
		},
		"moves the revision with a sync": {
			old:  before,
			seen: with(observed("two", synced("a", health.Healthy)), ended(capstan.TriggerAutomated, false)),
			want: shown{Sync: "Synced", Revision: "two", Health: "Healthy", Phase: "Succeeded", History: 1},
		},
		"records no deployment for healing": {
			old:  before,
			seen: with(observed("two", synced("a", health.Healthy)), ended(capstan.TriggerSelfHeal, false)),
			want: shown{Sync: "Synced", Revision: "one", Health: "Healthy", Phase: "Succeeded"},
		},
		"records no deployment for a failure": {
			old:  before,
			seen: with(observed("two", change("a", plan.Apply, plan.Changed)), ended(capstan.TriggerAutomated, true)),
			want: shown{Sync: "OutOfSync", Revision: "two", Health: "Missing", Phase: "Failed"},
		},
		"knows nothing of what it cannot read": {
			old:  before,
			seen: unread,
			want: shown{Sync: "Unknown", Revision: "one", Health: "Unknown"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := fold(c.old, c.seen)
			phase := v1alpha1.OperationPhase("")
			if got.OperationState != nil {
				phase = got.OperationState.Phase
			}
			show := shown{got.Sync.Status, got.Sync.Revision, got.Health.Status, phase, len(got.History)}
			if diff := cmp.Diff(c.want, show); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
			if again := fold(got, observation{app: c.seen.app, desired: c.seen.desired, plan: c.seen.plan, now: metav1.Now()}); !cmp.Equal(
				got, again, cmpopts.EquateEmpty()) {
				t.Errorf("the same observation later says something else:\n%s", cmp.Diff(got, again))
			}
		})
	}
}

func TestSeveralSourcesShowTheirRevisions(t *testing.T) {
	t.Parallel()
	sources := v1alpha1.ApplicationSources{{RepoURL: "a", Path: "x"}, {RepoURL: "b", Ref: "values"}}
	seen := observed("one,two", synced("a", health.Healthy))
	seen.app.Spec.Sources = sources
	seen.desired.revisions = []string{"one", "two"}
	seen.desired.sourceType = ""
	seen.desired.sourceTypes = []v1alpha1.ApplicationSourceType{v1alpha1.ApplicationSourceTypeHelm, ""}
	seen.run = &run{
		trigger: capstan.TriggerAutomated, revisions: []string{"one", "two"}, finished: testTime.Time, startedAt: testTime.Time,
		operation: v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{Revisions: []string{"one", "two"}}},
	}
	status := fold(v1alpha1.ApplicationStatus{}, seen)
	type shown struct {
		Revision   string
		Revisions  []string
		Compared   v1alpha1.ApplicationSources
		Types      []v1alpha1.ApplicationSourceType
		History    []string
		Deployed   v1alpha1.ApplicationSources
		Operation  []string
		Synced     v1alpha1.ApplicationSources
		OneSources v1alpha1.ApplicationSource
	}
	got := shown{
		status.Sync.Revision, status.Sync.Revisions, status.Sync.ComparedTo.Sources, status.SourceTypes,
		status.History[0].Revisions, status.History[0].Sources, status.OperationState.SyncResult.Revisions,
		status.OperationState.SyncResult.Sources, status.History[0].Source,
	}
	want := shown{
		"", []string{"one", "two"}, sources, []v1alpha1.ApplicationSourceType{v1alpha1.ApplicationSourceTypeHelm, ""},
		[]string{"one", "two"}, sources, []string{"one", "two"}, sources, v1alpha1.ApplicationSource{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	later := observed("one,three", synced("a", health.Healthy))
	later.app, later.desired.revisions = seen.app, []string{"one", "three"}
	if again := fold(status, later); !cmp.Equal(again.Sync.Revisions, []string{"one", "two"}) {
		t.Errorf("a commit that changes nothing shows %v", again.Sync.Revisions)
	}
	record := (&Reconciler{}).syncRun(&pass{app: seen.app}, seen.run)
	if diff := cmp.Diff(sources, record.Spec.Sources); diff != "" || !cmp.Equal(record.Spec.Revisions, []string{"one", "two"}) {
		t.Errorf("record: %v %s", record.Spec.Revisions, diff)
	}
}

func TestTheRecordSurvivesARestart(t *testing.T) {
	t.Parallel()
	record := plan.Applied{
		Key: keyOf("a"), Version: "v1", UID: "1", Desired: manifest.DigestOf([]byte("x")), Owned: manifest.DigestOf([]byte("y")),
	}
	applied := map[manifest.Key]plan.Applied{record.Key: record}
	stored := resources(plan.Plan{Changes: []plan.Change{synced("a", health.Healthy)}}, applied)
	if diff := cmp.Diff(applied, appliedOf(stored)); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestARunNamesWhoAskedAndWhatBecameOfEachObject(t *testing.T) {
	t.Parallel()
	done := &run{
		trigger: capstan.TriggerManual, startedAt: testTime.Time, finished: testTime.Time,
		operation: v1alpha1.Operation{
			InitiatedBy: v1alpha1.OperationInitiator{Username: "tina"},
			Info: []v1alpha1.Info{
				{Name: v1alpha1.InfoRequesterUID, Value: "7"}, {Name: v1alpha1.InfoRequesterGroups, Value: "a,b"},
			},
		},
		results: map[plan.HookID]outcome{},
	}
	done.record(change("a", plan.Apply, plan.Missing), apply.Result{Status: apply.Synced}, nil)
	record := (&Reconciler{}).syncRun(&pass{app: &v1alpha1.Application{}}, done)
	want := capstan.SyncRunRequester{Username: "tina", UID: "7", Groups: []string{"a", "b"}}
	if diff := cmp.Diff(want, record.Spec.Requester); diff != "" {
		t.Errorf("requester (-want +got):\n%s", diff)
	}
	if len(record.Status.Resources) != 1 || record.Status.Resources[0].Action != capstan.ActionCreate {
		t.Errorf("resources: %+v", record.Status.Resources)
	}
}

// fixed is a clock that stands still.
func fixed(at time.Time) *clocktesting.FakeClock { return clocktesting.NewFakeClock(at) }
