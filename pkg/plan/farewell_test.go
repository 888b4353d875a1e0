// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/plan"
)

func TestFarewell(t *testing.T) {
	t.Parallel()
	early, late := hook("early", plan.PreDelete, 0), hook("late", plan.PreDelete, 1)
	old := with(running("early", health.Healthy), func(o *live.Object) { o.Held = false })
	cases := map[string]struct {
		hooks   []plan.Hook
		objects []live.Object
		want    step
	}{
		"is done without hooks":           {nil, nil, step{Done: true}},
		"begins with the lowest wave":     {[]plan.Hook{late, early}, nil, step{Run: []string{"PreDelete early"}}},
		"waits for it":                    {[]plan.Hook{late, early}, []live.Object{running("early", health.Progressing)}, step{Waiting: "waiting for completion of hook /Job/early"}},
		"goes on with the next":           {[]plan.Hook{late, early}, []live.Object{running("early", health.Healthy)}, step{Run: []string{"PreDelete late"}}},
		"is done when all have succeeded": {[]plan.Hook{early}, []live.Object{running("early", health.Healthy)}, step{Done: true}},
		"takes away what is left from a sync": {[]plan.Hook{early}, []live.Object{old}, step{
			Remove: []string{"early"}, Waiting: "waiting for deletion of /Job/early",
		}},
		"tries again what failed, and says so": {[]plan.Hook{early}, []live.Object{running("early", health.Degraded)}, step{
			Remove: []string{"early"}, Failure: "hook Job early failed and is tried again: so",
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, show(plan.Farewell(c.hooks, c.objects))); diff != "" {
				t.Errorf("next (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParting(t *testing.T) {
	t.Parallel()
	with := func(name string, hook live.Hook) live.Object {
		return with(running(name, health.Healthy), func(o *live.Object) { o.Hook = live.Hooked | hook })
	}
	remove, release := plan.Parting([]live.Object{
		with("default", live.PreDelete|live.DeleteBefore), with("good", live.PostDelete|live.DeleteSucceeded),
		with("bad", live.PostDelete|live.DeleteFailed), with("other", live.PreSync|live.DeleteBefore),
	})
	want := step{Remove: []string{"default", "good"}, Release: []string{"bad"}}
	if diff := cmp.Diff(want, show(plan.Next{Remove: remove, Release: release})); diff != "" {
		t.Errorf("parting (-want +got):\n%s", diff)
	}
}
