// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

const app = "guestbook"

func key(kind, name string) manifest.Key {
	return manifest.Key{Kind: kind, Namespace: "demo", Name: name}
}

func digest(s string) manifest.Digest { return manifest.DigestOf([]byte(s)) }

func desired(kind, name, content string) plan.Desired {
	return plan.Desired{Key: key(kind, name), Version: "v1", Digest: digest(content)}
}

func object(kind, name, owned string) live.Object {
	return live.Object{
		Key: key(kind, name), Version: "v1", UID: "1", ResourceVersion: 10, Owned: digest(owned), Driven: digest(owned),
		Application: app,
	}
}

func applied(kind, name, content, owned string) plan.Applied {
	return plan.Applied{
		Key: key(kind, name), Version: "v1", UID: "1", ResourceVersion: 10, Owned: digest(owned), Desired: digest(content),
	}
}

func with[T any](value T, change func(*T)) T {
	change(&value)
	return value
}

func TestMake(t *testing.T) {
	t.Parallel()
	type outcome struct {
		Action plan.Action
		Reason plan.Reason
	}
	cases := map[string]struct {
		desired []plan.Desired
		live    []live.Object
		applied []plan.Applied
		prune   bool
		keep    live.Keep
		apart   []manifest.Key
		none    bool
		undone  bool
		insist  bool
		want    outcome
	}{
		"leaves alone what is as it was applied": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{object("ConfigMap", "a", "o")},
			applied: []plan.Applied{applied("ConfigMap", "a", "x", "o")},
			want:    outcome{plan.None, plan.InSync},
		},
		"applies what is missing": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			want:    outcome{plan.Apply, plan.Missing},
		},
		"applies what Git changed": {
			desired: []plan.Desired{desired("ConfigMap", "a", "y")},
			live:    []live.Object{object("ConfigMap", "a", "o")},
			applied: []plan.Applied{applied("ConfigMap", "a", "x", "o")},
			want:    outcome{plan.Apply, plan.Changed},
		},
		"heals a field that somebody took over": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{object("ConfigMap", "a", "less")},
			applied: []plan.Applied{applied("ConfigMap", "a", "x", "o")},
			want:    outcome{plan.Apply, plan.Drifted},
		},
		"leaves alone what rules excuse": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{object("ConfigMap", "a", "o")},
			applied: []plan.Applied{with(applied("ConfigMap", "a", "x", "o"), func(a *plan.Applied) { a.Excused = digest("rules") })},
			want:    outcome{plan.None, plan.InSync},
		},
		"heals what somebody else than a controller wrote into what it drives": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{with(object("ConfigMap", "a", "o"), func(o *live.Object) { o.Driven = digest("less") })},
			applied: []plan.Applied{with(applied("ConfigMap", "a", "x", "o"), func(a *plan.Applied) { a.Excused = digest("rules") })},
			want:    outcome{plan.Apply, plan.Drifted},
		},
		"holds what somebody rolled back": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{object("ConfigMap", "a", "o")},
			applied: []plan.Applied{applied("ConfigMap", "a", "x", "o")},
			undone:  true,
			want:    outcome{plan.None, plan.RolledBack},
		},
		"puts back what somebody rolled back where a person asks for that": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{object("ConfigMap", "a", "o")},
			applied: []plan.Applied{applied("ConfigMap", "a", "x", "o")},
			undone:  true, insist: true,
			want: outcome{plan.Apply, plan.Drifted},
		},
		"lets Git win over what somebody rolled back": {
			desired: []plan.Desired{desired("ConfigMap", "a", "y")},
			live:    []live.Object{object("ConfigMap", "a", "o")},
			applied: []plan.Applied{applied("ConfigMap", "a", "x", "o")},
			undone:  true,
			want:    outcome{plan.Apply, plan.Changed},
		},
		"heals what else was changed of what somebody rolled back": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{object("ConfigMap", "a", "less")},
			applied: []plan.Applied{applied("ConfigMap", "a", "x", "o")},
			undone:  true,
			want:    outcome{plan.Apply, plan.Drifted},
		},
		"heals what other rules excused": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{object("ConfigMap", "a", "o")},
			applied: []plan.Applied{with(applied("ConfigMap", "a", "x", "o"), func(a *plan.Applied) { a.Excused = digest("former") })},
			want:    outcome{plan.Apply, plan.Drifted},
		},
		"heals an object that was deleted and made again": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{with(object("ConfigMap", "a", "o"), func(o *live.Object) { o.UID = "2" })},
			applied: []plan.Applied{applied("ConfigMap", "a", "x", "o")},
			want:    outcome{plan.Apply, plan.Drifted},
		},
		"heals an object whose tracking annotation was removed": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{with(object("ConfigMap", "a", "o"), func(o *live.Object) { o.Application = "" })},
			applied: []plan.Applied{applied("ConfigMap", "a", "x", "o")},
			want:    outcome{plan.Apply, plan.Drifted},
		},
		"concludes nothing from a watch that lags behind the apply": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{with(object("ConfigMap", "a", "less"), func(o *live.Object) { o.ResourceVersion = 9 })},
			applied: []plan.Applied{applied("ConfigMap", "a", "x", "o")},
			want:    outcome{plan.None, plan.InSync},
		},
		"adopts what it has no record of": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{object("ConfigMap", "a", "o")},
			want:    outcome{plan.Apply, plan.Adopted},
		},
		"leaves alone what another application tracks": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{with(object("ConfigMap", "a", "o"), func(o *live.Object) { o.Application = "other" })},
			want:    outcome{plan.None, plan.Shared},
		},
		"takes over what a deleted application tracked": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{with(object("ConfigMap", "a", "o"), func(o *live.Object) { o.Application = "gone" })},
			want:    outcome{plan.Apply, plan.Adopted},
		},
		"waits for an object that is being deleted": {
			desired: []plan.Desired{desired("ConfigMap", "a", "x")},
			live:    []live.Object{with(object("ConfigMap", "a", "o"), func(o *live.Object) { o.Deleting = true })},
			want:    outcome{plan.None, plan.Terminating},
		},
		"reports what Git no longer has where pruning is off": {
			live: []live.Object{object("ConfigMap", "a", "o")},
			want: outcome{plan.None, plan.Extra},
		},
		"prunes what Git no longer has": {
			live:  []live.Object{object("ConfigMap", "a", "o")},
			prune: true,
			want:  outcome{plan.Prune, plan.Extra},
		},
		"prunes what the options of the application keep, where the object says otherwise": {
			live:  []live.Object{with(object("ConfigMap", "a", "o"), func(o *live.Object) { o.Keep = live.SaysPrune })},
			prune: true, keep: live.KeepOnPrune,
			want: outcome{plan.Prune, plan.Extra},
		},
		"keeps what the options of the application keep": {
			live:  []live.Object{object("ConfigMap", "a", "o")},
			prune: true, keep: live.KeepOnPrune,
			want: outcome{plan.None, plan.Extra},
		},
		"never prunes a hook": {
			live:  []live.Object{with(object("Job", "a", "o"), func(o *live.Object) { o.Hook = live.Hooked })},
			prune: true, none: true,
		},
		"never prunes what became a hook in Git": {
			live:  []live.Object{object("Job", "a", "o")},
			apart: []manifest.Key{key("Job", "a")},
			prune: true, none: true,
		},
		"keeps what forbids to be pruned": {
			live:  []live.Object{with(object("ConfigMap", "a", "o"), func(o *live.Object) { o.Keep = live.KeepOnPrune })},
			prune: true,
			want:  outcome{plan.None, plan.Extra},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := plan.Make(plan.Input{
				Application: app, Desired: c.desired, Live: c.live, Applied: c.applied, Prune: c.prune,
				Keep: c.keep, Apart: c.apart, Insist: c.insist,
				Undone: map[manifest.Key]bool{key("ConfigMap", "a"): c.undone},
				Exists: func(application string) bool { return application != "gone" },
				Rules:  func(manifest.Key) manifest.Digest { return digest("rules") },
			})
			if c.none {
				if len(got.Changes) != 0 {
					t.Fatalf("made %+v", got.Changes)
				}
				return
			}
			if len(got.Changes) != 1 {
				t.Fatalf("made %d changes, want 1: %+v", len(got.Changes), got.Changes)
			}
			change := got.Changes[0]
			if diff := cmp.Diff(c.want, outcome{change.Action, change.Reason}); diff != "" {
				t.Errorf("change (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMakeIgnoresWhatAnotherApplicationTracksAndGitDoesNotHave(t *testing.T) {
	t.Parallel()
	other := with(object("ConfigMap", "a", "o"), func(o *live.Object) { o.Application = "other" })
	got := plan.Make(plan.Input{Application: app, Live: []live.Object{other}, Prune: true})
	if len(got.Changes) != 0 {
		t.Errorf("made %+v of another application's object", got.Changes)
	}
}

func TestStepsGoByWaveAndKindAndPruneLast(t *testing.T) {
	t.Parallel()
	wave := func(d plan.Desired, wave int) plan.Desired { d.Wave = wave; return d }
	got := plan.Make(plan.Input{
		Application: app,
		Prune:       true,
		Desired: []plan.Desired{
			wave(desired("Deployment", "late", "x"), 1),
			desired("Deployment", "web", "x"),
			desired("ConfigMap", "b", "x"),
			desired("ConfigMap", "a", "x"),
			desired("Namespace", "demo", "x"),
			wave(desired("Job", "early", "x"), -1),
		},
		Live: []live.Object{object("ConfigMap", "old", "o"), object("Deployment", "old", "o")},
	}).Steps()
	var names [][]string
	for _, step := range got {
		var in []string
		for _, change := range step.Changes {
			in = append(in, string(change.Action)+" "+change.Kind+" "+change.Name)
		}
		names = append(names, in)
	}
	want := [][]string{
		{"Apply Namespace demo"},
		{"Apply Job early"},
		{"Apply ConfigMap a", "Apply ConfigMap b"},
		{"Apply Deployment web"},
		{"Apply Deployment late"},
		{"Prune Deployment old"},
		{"Prune ConfigMap old"},
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestAPruningThatNeedsConfirmation(t *testing.T) {
	t.Parallel()
	careful := with(object("ConfigMap", "a", "o"), func(o *live.Object) { o.Keep = live.ConfirmPrune | live.SaysPrune })
	for confirmed := range 2 {
		got := plan.Make(plan.Input{
			Application: app, Live: []live.Object{careful}, Prune: true, Confirmed: confirmed == 1,
		})
		if change := got.Changes[0]; change.Action != plan.Prune || change.Unconfirmed != (confirmed == 0) {
			t.Errorf("confirmed %d made %+v", confirmed, change)
		}
	}
}

func TestNamespacesAndDefinitionsComeBeforeWhatNeedsThem(t *testing.T) {
	t.Parallel()
	wave := func(d plan.Desired, wave int) plan.Desired { d.Wave = wave; return d }
	namespace := wave(desired("Namespace", "demo", "x"), 3)
	namespace.Namespace = ""
	definition := wave(desired("CustomResourceDefinition", "things", "x"), 5)
	definition.Defines.Kind = "Thing"
	got := plan.Make(plan.Input{Application: app, Desired: []plan.Desired{
		definition, namespace, wave(desired("Thing", "t", "x"), 2), wave(desired("ConfigMap", "c", "x"), -1),
	}})
	var names []string
	for _, change := range got.Changes {
		names = append(names, fmt.Sprintf("%d %s", change.Wave, change.Name))
	}
	if diff := cmp.Diff([]string{"-1 demo", "-1 c", "2 things", "2 t"}, names); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestWhatIsExtraneousPutsNothingOutOfSync(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		keep live.Keep
		want bool
	}{
		"marked": {live.Extraneous, true},
		"not":    {0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			generated := with(object("ConfigMap", "a", "o"), func(o *live.Object) { o.Keep = test.keep })
			got := plan.Make(plan.Input{Application: app, Live: []live.Object{generated}, Prune: true})
			if got.InSync() != test.want {
				t.Errorf("in sync: %t", got.InSync())
			}
			if len(got.Pending()) != 1 {
				t.Errorf("%d changes, want that it can be pruned", len(got.Pending()))
			}
		})
	}
}
