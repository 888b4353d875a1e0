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
		Wait    time.Duration
	}
	auto := &v1alpha1.SyncPolicyAutomated{}
	healing := &v1alpha1.SyncPolicyAutomated{SelfHeal: ptr.To(true)}
	changed := change("a", plan.Apply, plan.Changed)
	drifted := change("d", plan.Apply, plan.Drifted)
	failed := func(count int) attempt {
		return attempt{fingerprint: fingerprintOf("", []plan.Change{changed}), failed: true, count: count, at: now}
	}
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
			facts: facts{policy: healing, plan: plan.Plan{Changes: []plan.Change{drifted}}},
			want:  outcome{Trigger: capstan.TriggerSelfHeal, Names: []string{"d"}},
		},
		"takes an object that was deleted by hand for drift": {
			facts: facts{
				policy: healing, applied: appliedAs("a"),
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
			facts: facts{policy: healing, held: "x", wanted: "x", plan: plan.Plan{Changes: []plan.Change{changed}}},
			want:  outcome{Held: true},
		},
		"goes on with the next commit after a rollback": {
			facts: facts{policy: auto, held: "x", wanted: "y", plan: plan.Plan{Changes: []plan.Change{changed}}},
			want:  outcome{Trigger: capstan.TriggerAutomated, Names: []string{"a"}},
		},
		"waits before it tries the same again": {
			facts: facts{policy: auto, attempt: failed(1), plan: plan.Plan{Changes: []plan.Change{changed}}},
			want:  outcome{Trigger: capstan.TriggerAutomated, Wait: 5 * time.Second},
		},
		"waits longer each time": {
			facts: facts{policy: auto, attempt: failed(3), plan: plan.Plan{Changes: []plan.Change{changed}}},
			want:  outcome{Trigger: capstan.TriggerAutomated, Wait: 20 * time.Second},
		},
		"gives up on what keeps failing": {
			facts: facts{policy: auto, attempt: failed(6), plan: plan.Plan{Changes: []plan.Change{changed}}},
			want:  outcome{Trigger: capstan.TriggerAutomated, Held: true},
		},
		"tries other changes at once": {
			facts: facts{policy: auto, attempt: failed(6), plan: plan.Plan{Changes: []plan.Change{change("b", plan.Apply, plan.Changed)}}},
			want:  outcome{Trigger: capstan.TriggerAutomated, Names: []string{"b"}},
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
			if diff := cmp.Diff(c.want, outcome{got.trigger, names, got.held != "", got.wait}); diff != "" {
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
