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
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
	"github.com/capstan-dev/capstan/pkg/project"
)

func keyOf(name string) manifest.Key {
	return manifest.Key{Kind: "ConfigMap", Namespace: "demo", Name: name}
}

func change(name string, action plan.Action, reason plan.Reason) plan.Change {
	return plan.Change{
		Key: keyOf(name), Version: "v1", Action: action, Reason: reason, Desired: manifest.DigestOf([]byte(name)),
	}
}

func appliedAs(names ...string) map[manifest.Key]plan.Applied {
	applied := map[manifest.Key]plan.Applied{}
	for _, name := range names {
		applied[keyOf(name)] = plan.Applied{Key: keyOf(name), Desired: manifest.DigestOf([]byte(name))}
	}
	return applied
}

func TestDecide(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	type outcome struct {
		Trigger capstan.SyncRunTrigger
		Names   []string
		Held    bool
		Closed  bool
		Wait    time.Duration
	}
	auto := &v1alpha1.SyncPolicyAutomated{}
	heals := &v1alpha1.SyncPolicyAutomated{SelfHeal: ptr.To(true)}
	changed := change("a", plan.Apply, plan.Changed)
	drifted := change("d", plan.Apply, plan.Drifted)
	tried := spentOn(facts{wanted: "x", revision: "1"}, []plan.Change{changed})
	fought := healing{fingerprint: fingerprintOf("", []plan.Change{drifted}), count: 7, at: now}
	cases := map[string]struct {
		facts facts
		want  outcome
	}{
		"does nothing where sync is by hand and nobody asked": {
			facts: facts{plan: plan.Plan{Changes: []plan.Change{changed}}},
		},
		"does nothing where automated sync is switched off": {
			facts: facts{
				policy: &v1alpha1.SyncPolicyAutomated{Enabled: ptr.To(false)},
				plan:   plan.Plan{Changes: []plan.Change{changed}},
			},
		},
		"syncs the news, and with it the drift": {
			facts: facts{policy: auto, plan: plan.Plan{Changes: []plan.Change{changed, drifted}}},
			want:  outcome{Trigger: capstan.TriggerAutomated, Names: []string{"a", "d"}},
		},
		"leaves drift alone without self-heal": {
			facts: facts{policy: auto, plan: plan.Plan{Changes: []plan.Change{drifted}}},
		},
		"heals drift with self-heal": {
			facts: facts{policy: heals, plan: plan.Plan{Changes: []plan.Change{drifted}}},
			want:  outcome{Trigger: capstan.TriggerSelfHeal, Names: []string{"d"}},
		},
		"takes an object that was deleted by hand for drift": {
			facts: facts{
				policy: heals, applied: appliedAs("a"),
				plan: plan.Plan{Changes: []plan.Change{change("a", plan.Apply, plan.Missing)}},
			},
			want: outcome{Trigger: capstan.TriggerSelfHeal, Names: []string{"a"}},
		},
		"deletes not everything by itself": {
			facts: facts{
				policy: auto, empty: true,
				plan: plan.Plan{Changes: []plan.Change{change("a", plan.Prune, plan.Extra)}},
			},
			want: outcome{Held: true},
		},
		"deletes everything where that is allowed": {
			facts: facts{
				policy: &v1alpha1.SyncPolicyAutomated{AllowEmpty: ptr.To(true)}, empty: true,
				plan: plan.Plan{Changes: []plan.Change{change("a", plan.Prune, plan.Extra)}},
			},
			want: outcome{Trigger: capstan.TriggerAutomated, Names: []string{"a"}},
		},
		"stays away from what was rolled back": {
			facts: facts{policy: heals, held: "x", wanted: "x", plan: plan.Plan{Changes: []plan.Change{changed}}},
			want:  outcome{Held: true},
		},
		"goes on with the next commit after a rollback": {
			facts: facts{policy: auto, held: "x", wanted: "y", plan: plan.Plan{Changes: []plan.Change{changed}}},
			want:  outcome{Trigger: capstan.TriggerAutomated, Names: []string{"a"}},
		},
		"gives up on what was tried in vain": {
			facts: facts{policy: auto, spent: tried, wanted: "x", revision: "1", plan: plan.Plan{Changes: []plan.Change{changed}}},
			want:  outcome{Held: true},
		},
		"gives up on a part of what was tried in vain, also after a commit that changes nothing": {
			facts: facts{
				policy: auto, spent: spentOn(facts{wanted: "x"}, []plan.Change{changed, change("b", plan.Apply, plan.Changed)}),
				wanted: "x", revision: "2", plan: plan.Plan{Changes: []plan.Change{changed}},
			},
			want: outcome{Held: true},
		},
		"gives up on a revision that failed before a restart": {
			facts: facts{policy: auto, spent: spent{revision: "1"}, wanted: "x", revision: "1", plan: plan.Plan{Changes: []plan.Change{changed}}},
			want:  outcome{Held: true},
		},
		"tries other changes at once": {
			facts: facts{policy: auto, spent: tried, wanted: "x", plan: plan.Plan{Changes: []plan.Change{change("b", plan.Apply, plan.Changed)}}},
			want:  outcome{Trigger: capstan.TriggerAutomated, Names: []string{"b"}},
		},
		"tries the next desired state at once": {
			facts: facts{policy: auto, spent: tried, wanted: "y", plan: plan.Plan{Changes: []plan.Change{changed}}},
			want:  outcome{Trigger: capstan.TriggerAutomated, Names: []string{"a"}},
		},
		"heals drift although a sync failed": {
			facts: facts{policy: heals, spent: spentOn(facts{wanted: "x"}, []plan.Change{changed, drifted}), wanted: "x", plan: plan.Plan{Changes: []plan.Change{changed, drifted}}},
			want:  outcome{Trigger: capstan.TriggerSelfHeal, Names: []string{"d"}, Held: true},
		},
		"heals slowly what somebody keeps changing": {
			facts: facts{policy: heals, healing: fought, plan: plan.Plan{Changes: []plan.Change{drifted}}},
			want:  outcome{Trigger: capstan.TriggerSelfHeal, Wait: 6 * time.Second},
		},
		"goes on with a sync in progress that has nothing left to apply": {
			facts: facts{policy: auto, running: capstan.TriggerAutomated},
			want:  outcome{Trigger: capstan.TriggerAutomated},
		},
		"heals drift as part of a sync in progress": {
			facts: facts{policy: heals, running: capstan.TriggerAutomated, healing: fought, plan: plan.Plan{Changes: []plan.Change{drifted}}},
			want:  outcome{Trigger: capstan.TriggerAutomated},
		},
		"runs an operation whatever the policy": {
			facts: facts{
				operation: &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{}},
				plan:      plan.Plan{Changes: []plan.Change{changed, drifted}},
			},
			want: outcome{Trigger: capstan.TriggerManual, Names: []string{"a", "d"}},
		},
		"runs only what an operation selects": {
			facts: facts{
				operation: &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{
					Resources: []v1alpha1.SyncOperationResource{{Kind: "ConfigMap", Name: "d"}},
				}},
				plan: plan.Plan{Changes: []plan.Change{changed, drifted}},
			},
			want: outcome{Trigger: capstan.TriggerManual, Names: []string{"d"}},
		},
		"waits where a sync window is closed": {
			facts: facts{
				policy: auto, plan: plan.Plan{Changes: []plan.Change{changed}},
				window: project.Opening{Closed: "night", Until: now.Add(time.Hour)},
			},
			want: outcome{Closed: true, Wait: time.Hour},
		},
		"heals no drift where a sync window is closed": {
			facts: facts{
				policy: heals, plan: plan.Plan{Changes: []plan.Change{drifted}}, applied: appliedAs("d"),
				window: project.Opening{Closed: "night"},
			},
			want: outcome{Closed: true},
		},
		"says nothing of a closed window where there is nothing to do": {
			facts: facts{policy: auto, window: project.Opening{Closed: "night", Until: now.Add(time.Hour)}},
		},
		"goes on with a sync that began before the window closed, as far as that writes nothing": {
			facts: facts{
				policy: auto, running: capstan.TriggerAutomated, plan: plan.Plan{Changes: []plan.Change{changed}},
				window: project.Opening{Closed: "night", Until: now.Add(time.Hour)},
			},
			want: outcome{Trigger: capstan.TriggerAutomated, Names: []string{"a"}},
		},
		"knows a rollback": {
			facts: facts{
				operation: &v1alpha1.Operation{
					Sync: &v1alpha1.SyncOperation{}, Info: []v1alpha1.Info{{Name: v1alpha1.InfoRollback}},
				},
				plan: plan.Plan{Changes: []plan.Change{changed}},
			},
			want: outcome{Trigger: capstan.TriggerRollback, Names: []string{"a"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.facts.now = now
			got := decide(c.facts)
			var names []string
			for _, change := range got.changes {
				names = append(names, change.Name)
			}
			if diff := cmp.Diff(c.want, outcome{got.trigger, names, got.held != "", got.closed != "", got.wait}); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHealPauseIsForControllersThatFightAndNotForPeople(t *testing.T) {
	t.Parallel()
	for count, want := range map[int]time.Duration{
		1: 0, 5: 0, 6: 2 * time.Second, 7: 6 * time.Second, 20: 5 * time.Minute,
	} {
		if got := healPause(count); got != want {
			t.Errorf("after %d times the pause is %s, want %s", count, got, want)
		}
	}
}
