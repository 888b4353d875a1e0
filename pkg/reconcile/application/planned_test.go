// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

func TestNothingIsTakenAwayThatThePlanDoesNotList(t *testing.T) {
	t.Parallel()
	key := manifest.Key{Kind: "ConfigMap", Namespace: "web", Name: "config"}
	prune := plan.Change{Key: key, UID: "1", Action: plan.Prune, Reason: plan.Extra, Live: true}
	update := plan.Change{Key: key, UID: "1", Action: plan.Apply, Reason: plan.Changed, Live: true}
	forced := update
	forced.How = plan.Force
	other := prune
	other.UID = "2"
	cases := map[string]struct {
		listed  []plan.Change
		pending []plan.Change
		strays  bool
	}{
		"a listed deletion is done":                     {[]plan.Change{prune}, []plan.Change{prune}, false},
		"an update is of approved bytes, listed or not": {nil, []plan.Change{update}, false},
		"a deletion that is not listed is not done":     {[]plan.Change{update}, []plan.Change{prune}, true},
		"nor is that of another object of the name":     {[]plan.Change{prune}, []plan.Change{other}, true},
		"nor is what may be deleted and made anew":      {[]plan.Change{update}, []plan.Change{forced}, true},
		"which is done where it is listed":              {[]plan.Change{forced}, []plan.Change{forced}, false},
		"what is left of a plan is done":                {[]plan.Change{prune, update}, []plan.Change{prune}, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := &v1alpha1.Application{}
			app.UID = types.UID("app")
			made := &capstan.Plan{Spec: capstan.PlanSpec{Application: capstan.PlanApplication{UID: app.UID}}}
			for _, change := range tc.listed {
				made.Spec.Changes = append(made.Spec.Changes, changeOf(change))
			}
			stray := strayed(&pass{app: app}, made, tc.pending)
			if (stray != "") != tc.strays {
				t.Errorf("it strays by %q", stray)
			}
		})
	}
}

func TestOnlyAPlanThatIsUnderWayGoesOn(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*capstan.Plan)
		goes   bool
	}{
		"one that is under way goes on":       {func(*capstan.Plan) {}, true},
		"one that waits does not":             {func(p *capstan.Plan) { p.Status.Phase = capstan.PlanPending }, false},
		"nor does one that is approved alone": {func(p *capstan.Plan) { p.Status.Phase = capstan.PlanApproved }, false},
		"nor one that was applied":            {func(p *capstan.Plan) { p.Status.Phase = capstan.PlanSucceeded }, false},
		"nor one that was stopped":            {func(p *capstan.Plan) { p.Status.Phase = capstan.PlanFailed }, false},
		"nor one of another spec":             {func(p *capstan.Plan) { p.Spec.Application.Spec = "sha256:other" }, false},
		"nor one of another Application":      {func(p *capstan.Plan) { p.Spec.Application.UID = "other" }, false},
		"nor one of another cluster":          {func(p *capstan.Plan) { p.Spec.Destination.UID = "other" }, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := &v1alpha1.Application{}
			app.UID = "app"
			used := &capstan.Plan{
				Spec: capstan.PlanSpec{
					Application: capstan.PlanApplication{UID: "app", Spec: gate.SpecDigest(app.Spec)},
					Destination: capstan.SyncRunDestination{UID: "cluster"},
				},
				Status: capstan.PlanStatus{Phase: capstan.PlanRunning},
			}
			tc.change(used)
			if unfit := misfit(used, app, "cluster"); (unfit == "") != tc.goes {
				t.Errorf("misfit says %q", unfit)
			}
		})
	}
}
