// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/plan"
)

func TestAnObjectsOptionsCountMoreThanItsApplications(t *testing.T) {
	t.Parallel()
	const says = plan.Replace | plan.Force | plan.Lenient | plan.Migrate
	for name, c := range map[string]struct {
		object, application []string
		want                plan.How
	}{
		"client-side apply is taken over by default": {nil, nil, plan.Migrate},
		"unless that is refused":                     {nil, []string{"ClientSideApplyMigration=false"}, 0},
		"an application's options hold for all":      {nil, []string{"Replace=true", "Validate=false"}, plan.Replace | plan.Lenient | plan.Migrate},
		"but for objects that say otherwise":         {[]string{"Replace=false", " Validate=true"}, []string{"Replace=true", "Validate=false"}, plan.Migrate},
		"an object's options are its own":            {[]string{"Force=true", "Replace=true"}, nil, plan.Replace | plan.Force | plan.Migrate},
		"server-side apply is what is done anyway":   {[]string{"ServerSideApply=false"}, []string{"ServerSideApply=true"}, plan.Migrate},
	} {
		if got := plan.HowOf(c.object).Or(plan.OptionsOf(c.application).How) & says; got != c.want {
			t.Errorf("%s: %b, want %b", name, got, c.want)
		}
	}
}

func TestOptionsOf(t *testing.T) {
	t.Parallel()
	got := plan.OptionsOf([]string{
		"Prune=confirm", "Delete=false", "PruneLast=true", "PrunePropagationPolicy=background", "CreateNamespace=true",
		"FailOnSharedResource=true", "SkipDryRunOnMissingResource=true", "ApplyOutOfSyncOnly=true", "Unheard=of",
	})
	want := plan.Options{
		Keep: live.ConfirmPrune | live.KeepOnDelete | live.PruneLast | live.SaysPrune | live.SaysDelete,
		How:  plan.Migrate, Propagation: "background", CreateNamespace: true, FailOnShared: true, SkipMissing: true,
	}
	if got != want {
		t.Errorf("options are %+v, want %+v", got, want)
	}
}
