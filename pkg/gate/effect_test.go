// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

func TestWhatAWriteDoesBeyondProposing(t *testing.T) {
	t.Parallel()
	automated := func(policy argo.SyncPolicyAutomated) func(app *argo.Application) {
		return func(app *argo.Application) { app.Spec.SyncPolicy = &argo.SyncPolicy{Automated: &policy} }
	}
	options := func(list ...string) func(app *argo.Application) {
		return func(app *argo.Application) { app.Spec.SyncPolicy = &argo.SyncPolicy{SyncOptions: list} }
	}
	finalizer := func(name string) func(app *argo.Application) {
		return func(app *argo.Application) { app.Finalizers = []string{name} }
	}
	operation := func(sync argo.SyncOperation) func(app *argo.Application) {
		return func(app *argo.Application) { app.Operation = &argo.Operation{Sync: &sync} }
	}
	same := func(*argo.Application) {}
	on, off := pointer(true), pointer(false)
	type effects = []gate.Effect
	for sentence, c := range map[string]struct {
		before, after func(app *argo.Application)
		want          effects
	}{
		"a new source is a proposal":             {same, func(a *argo.Application) { a.Spec.Source.Path = "x" }, nil},
		"a status does nothing":                  {same, func(a *argo.Application) { a.Status.Gate = &argo.ApplicationGate{} }, nil},
		"automated: {} turns it on":              {same, automated(argo.SyncPolicyAutomated{}), effects{"automate"}},
		"so does enabled: true":                  {automated(argo.SyncPolicyAutomated{Enabled: off}), automated(argo.SyncPolicyAutomated{Enabled: on}), effects{"automate"}},
		"enabled: false does not":                {same, automated(argo.SyncPolicyAutomated{Enabled: off, Prune: on}), nil},
		"turning it off does nothing":            {automated(argo.SyncPolicyAutomated{Prune: on}), same, nil},
		"pruning by itself":                      {automated(argo.SyncPolicyAutomated{}), automated(argo.SyncPolicyAutomated{Prune: on}), effects{"prune", "automate"}},
		"pruning that only now runs by itself":   {automated(argo.SyncPolicyAutomated{Enabled: off, Prune: on}), automated(argo.SyncPolicyAutomated{Prune: on}), effects{"prune", "automate"}},
		"allowing to delete everything":          {automated(argo.SyncPolicyAutomated{}), automated(argo.SyncPolicyAutomated{AllowEmpty: on}), effects{"prune", "automate"}},
		"what ran by itself before is no effect": {automated(argo.SyncPolicyAutomated{Prune: on}), automated(argo.SyncPolicyAutomated{Prune: on, SelfHeal: on}), nil},
		"Replace=true":                           {same, options("CreateNamespace=true", " Replace=true"), effects{"override"}},
		"Force=true":                             {same, options("Force=true"), effects{"override"}},
		"Validate=false":                         {same, options("Validate=false"), effects{"override"}},
		"PrunePropagationPolicy":                 {options("PrunePropagationPolicy=foreground"), options("PrunePropagationPolicy=orphan"), effects{"override"}},
		"an option that was there is no effect":  {options("Force=true"), options("X=y", "Force=true"), nil},
		"another option is a proposal":           {same, options("CreateNamespace=true"), nil},
		"another cluster":                        {same, func(a *argo.Application) { a.Spec.Destination.Name = "west" }, effects{"retarget"}},
		"another namespace":                      {same, func(a *argo.Application) { a.Spec.Destination.Namespace = "x" }, effects{"retarget"}},
		"another project":                        {same, func(a *argo.Application) { a.Spec.Project = "x" }, effects{"retarget"}},
		"the project default by its name is not": {func(a *argo.Application) { a.Spec.Project = "" }, func(a *argo.Application) { a.Spec.Project = "default" }, nil},
		"a finalizer of its objects":             {same, finalizer("resources-finalizer.argocd.argoproj.io"), effects{"destroy"}},
		"in the background":                      {same, finalizer("resources-finalizer.argocd.argoproj.io/background"), effects{"destroy"}},
		"another way to the same deletion":       {finalizer("resources-finalizer.argocd.argoproj.io"), finalizer("resources-finalizer.argocd.argoproj.io/background"), nil},
		"another finalizer":                      {same, finalizer("example.com/x"), nil},
		"an operation":                           {same, operation(argo.SyncOperation{}), effects{"sync"}},
		"the same operation is no new one":       {operation(argo.SyncOperation{Prune: true}), operation(argo.SyncOperation{Prune: true}), nil},
		"a changed operation is a new one":       {operation(argo.SyncOperation{}), operation(argo.SyncOperation{Prune: true}), effects{"sync", "prune"}},
		"an operation that ended":                {operation(argo.SyncOperation{}), same, nil},
		"all at once": {same, func(a *argo.Application) {
			operation(argo.SyncOperation{Manifests: []string{"{}"}})(a)
			finalizer(argo.ResourcesFinalizerName)(a)
			automated(argo.SyncPolicyAutomated{Prune: on})(a)
			a.Spec.Project = "x"
		}, effects{"sync", "prune", "override", "automate", "retarget", "destroy"}},
	} {
		before, after := shop(), shop()
		c.before(before)
		c.after(after)
		if diff := cmp.Diff(c.want, gate.EffectsOfWrite(before, after)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", sentence, diff)
		}
	}
}

func TestACreationHasEffectsToo(t *testing.T) {
	t.Parallel()
	app := shop()
	if got := gate.EffectsOfWrite(nil, app); got != nil {
		t.Errorf("a plain Application has the effects %v", got)
	}
	app.Finalizers = []string{argo.ResourcesFinalizerName}
	app.Operation = &argo.Operation{Sync: &argo.SyncOperation{Prune: true}}
	app.Spec.SyncPolicy = &argo.SyncPolicy{Automated: &argo.SyncPolicyAutomated{}, SyncOptions: argo.SyncOptions{"Replace=true"}}
	want := []gate.Effect{"sync", "prune", "override", "automate", "destroy"}
	if diff := cmp.Diff(want, gate.EffectsOfWrite(nil, app)); diff != "" {
		t.Errorf("the effects (-want +got):\n%s", diff)
	}
}

func TestAnOperationIsJudgedByTheSpec(t *testing.T) {
	t.Parallel()
	app, several := shop(), shop()
	app.Spec.SyncPolicy = &argo.SyncPolicy{SyncOptions: argo.SyncOptions{"CreateNamespace=true"}}
	several.Spec.Sources = argo.ApplicationSources{{RepoURL: "a", TargetRevision: "v1"}, {RepoURL: "b"}}
	hydrated := shop()
	hydrated.Spec.SourceHydrator = &argo.SourceHydrator{}
	other := *app.Spec.Source
	other.TargetRevision = "evil"
	for sentence, c := range map[string]struct {
		app     *argo.Application
		sync    argo.SyncOperation
		refused bool
	}{
		"nothing but the spec":                 {app, argo.SyncOperation{}, false},
		"with pruning":                         {app, argo.SyncOperation{Prune: true}, false},
		"the revision of the spec":             {app, argo.SyncOperation{Revision: "main"}, false},
		"another revision":                     {app, argo.SyncOperation{Revision: "evil"}, true},
		"a revision of several sources":        {several, argo.SyncOperation{Revision: "v1"}, true},
		"the revisions of the spec":            {several, argo.SyncOperation{Revisions: []string{"v1", "HEAD"}}, false},
		"some of the revisions":                {several, argo.SyncOperation{Revisions: []string{"", ""}}, false},
		"other revisions":                      {several, argo.SyncOperation{Revisions: []string{"v2", ""}}, true},
		"fewer revisions":                      {several, argo.SyncOperation{Revisions: []string{"v1"}}, true},
		"the source of the spec":               {app, argo.SyncOperation{Source: app.Spec.Source}, false},
		"another source":                       {app, argo.SyncOperation{Source: &other}, true},
		"a source in place of several":         {several, argo.SyncOperation{Source: several.Spec.Source}, true},
		"a source in place of a hydrator's":    {hydrated, argo.SyncOperation{Source: hydrated.Spec.Source}, true},
		"the sources of the spec":              {several, argo.SyncOperation{Sources: several.Spec.Sources}, false},
		"other sources":                        {several, argo.SyncOperation{Sources: several.Spec.Sources[:1]}, true},
		"manifests of one's own":               {app, argo.SyncOperation{Manifests: []string{"{}"}}, true},
		"some of the objects":                  {app, argo.SyncOperation{Resources: []argo.SyncOperationResource{{Kind: "Job", Name: "x"}}}, true},
		"the options of the spec":              {app, argo.SyncOperation{SyncOptions: argo.SyncOptions{"CreateNamespace=true"}}, false},
		"other options":                        {app, argo.SyncOperation{SyncOptions: argo.SyncOptions{"Replace=true"}}, true},
		"hooks, as always":                     {app, argo.SyncOperation{SyncStrategy: &argo.SyncStrategy{Hook: &argo.SyncStrategyHook{}}}, false},
		"hooks and force":                      {app, argo.SyncOperation{SyncStrategy: &argo.SyncStrategy{Hook: &argo.SyncStrategyHook{SyncStrategyApply: argo.SyncStrategyApply{Force: true}}}}, true},
		"without hooks":                        {app, argo.SyncOperation{SyncStrategy: &argo.SyncStrategy{Apply: &argo.SyncStrategyApply{}}}, true},
		"a dry run of manifests of one's own":  {app, argo.SyncOperation{DryRun: true, Manifests: []string{"{}"}}, false},
		"a dry run of another revision, prune": {app, argo.SyncOperation{DryRun: true, Revision: "evil", Prune: true}, false},
	} {
		operation := &argo.Operation{Sync: &c.sync}
		if got := gate.OperationRefusal(c.app, operation); (got != "") != c.refused {
			t.Errorf("%s: refused by %q", sentence, got)
		}
		want := []gate.Effect{"sync"}
		if c.sync.Prune && !c.sync.DryRun {
			want = append(want, "prune")
		}
		if c.refused {
			want = append(want, "override")
		}
		if diff := cmp.Diff(want, gate.EffectsOfOperation(c.app, operation)); diff != "" {
			t.Errorf("%s: effects (-want +got):\n%s", sentence, diff)
		}
	}
	retry := &argo.Operation{Sync: &argo.SyncOperation{}, Retry: argo.RetryStrategy{Refresh: pointer(true)}}
	if gate.OperationRefusal(app, retry) == "" {
		t.Error("a retry may take a newer revision than the Plan's")
	}
	if gate.OperationRefusal(app, &argo.Operation{}) != "" || gate.OperationRefusal(app, nil) != "" ||
		gate.EffectsOfOperation(app, nil) != nil {
		t.Error("no operation is refused")
	}
}
