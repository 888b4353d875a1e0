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

func hook(name string, phase plan.Phase, wave int) plan.Hook {
	return plan.Hook{Key: key("Job", name), Version: "v1", Phase: phase, Wave: wave, Policy: live.Hooked | live.DeleteBefore}
}

// running is the object of a hook that a sync began, with the health it has.
func running(name string, status health.Status) live.Object {
	return live.Object{
		Key: key("Job", name), UID: "1", Application: app, Hook: live.Hooked | live.DeleteBefore, Held: true,
		Health: &health.Health{Status: status, Message: "so"},
	}
}

func pending(kind, name string, wave int) plan.Change {
	return plan.Change{Key: key(kind, name), Version: "v1", Wave: wave, Action: plan.Apply, Reason: plan.Changed}
}

func settled(kind, name string, wave int, status health.Status) plan.Change {
	return plan.Change{
		Key: key(kind, name), Version: "v1", Wave: wave, Action: plan.None, Live: true, Health: &health.Health{Status: status, Message: "so"},
	}
}

func pruned(kind, name string, wave int) plan.Change {
	return plan.Change{
		Key: key(kind, name), Version: "v1", Wave: wave, Live: true, Action: plan.Prune, Reason: plan.Extra,
		Health: &health.Health{Status: health.Healthy},
	}
}

// progress is that of a sync which may make all changes of its plan.
func progress(changes ...plan.Change) plan.Progress {
	p := plan.Plan{Changes: changes}
	return plan.Progress{Plan: p, Chosen: p.Pending(), Runs: map[plan.HookID]plan.HookRun{}}
}

func begun(p *plan.Progress, h plan.Hook, state plan.State) {
	p.Runs[h.ID()] = plan.HookRun{State: state, UID: "1", Message: "so"}
}

type step struct {
	Run, Remove, Release, Ended []string
	Waiting, Failure            string
	Done                        bool
}

func show(next plan.Next) step {
	s := step{Waiting: next.Waiting, Failure: next.Failure, Done: next.Done}
	for _, h := range next.Begin {
		s.Run = append(s.Run, string(h.Phase)+" "+h.Name)
	}
	for _, change := range next.Apply {
		s.Run = append(s.Run, string(change.Action)+" "+change.Name)
	}
	for _, object := range next.Remove {
		s.Remove = append(s.Remove, object.Name)
	}
	for _, object := range next.Release {
		s.Release = append(s.Release, object.Name)
	}
	for id, run := range next.Ended {
		s.Ended = append(s.Ended, id.Name+" "+string(run.State))
	}
	return s
}

func TestSequence(t *testing.T) {
	t.Parallel()
	const failed = "one or more synchronization tasks completed unsuccessfully: "
	before, during, after, onFail := hook("before", plan.PreSync, 0), hook("during", plan.Sync, 0),
		hook("after", plan.PostSync, 0), hook("sorry", plan.SyncFail, 0)
	cases := map[string]struct {
		progress plan.Progress
		want     step
	}{
		"is done where nothing is to do": {progress(settled("ConfigMap", "a", 0, health.Progressing)), step{Done: true}},
		"runs PreSync hooks first": {
			with(progress(pending("ConfigMap", "a", 0)), func(p *plan.Progress) { p.Hooks = []plan.Hook{after, before} }),
			step{Run: []string{"PreSync before"}},
		},
		"waits for a hook that runs": {
			with(progress(pending("ConfigMap", "a", 0)), func(p *plan.Progress) {
				p.Hooks, p.Objects = []plan.Hook{before}, []live.Object{running("before", health.Progressing)}
				begun(p, before, plan.Running)
			}),
			step{Waiting: "waiting for completion of hook /Job/before"},
		},
		"applies when the hook has succeeded": {
			with(progress(pending("ConfigMap", "a", 0)), func(p *plan.Progress) {
				p.Hooks, p.Objects = []plan.Hook{before}, []live.Object{running("before", health.Healthy)}
				begun(p, before, plan.Running)
			}),
			step{Run: []string{"Apply a"}, Ended: []string{"before Succeeded"}},
		},
		"takes a hook without health for done when it is made": {
			with(progress(pending("ConfigMap", "a", 0)), func(p *plan.Progress) {
				p.Hooks = []plan.Hook{before}
				p.Objects = []live.Object{with(running("before", health.Healthy), func(o *live.Object) { o.Health = nil })}
				begun(p, before, plan.Running)
			}),
			step{Run: []string{"Apply a"}, Ended: []string{"before Succeeded"}},
		},
		"knows the end of a hook that was deleted since, and held": {
			with(progress(pending("ConfigMap", "a", 0)), func(p *plan.Progress) {
				p.Hooks = []plan.Hook{before}
				p.Objects = []live.Object{with(running("before", health.Healthy), func(o *live.Object) { o.Deleting = true })}
				begun(p, before, plan.Running)
			}),
			step{Run: []string{"Apply a"}, Ended: []string{"before Succeeded"}},
		},
		"fails with a hook that fails": {
			with(progress(pending("ConfigMap", "a", 0)), func(p *plan.Progress) {
				p.Hooks, p.Objects = []plan.Hook{before}, []live.Object{running("before", health.Degraded)}
				begun(p, before, plan.Running)
			}),
			step{Failure: failed + "Job before: so", Done: true, Ended: []string{"before Failed"}},
		},
		"fails with a hook that is deleted while it runs": {
			with(progress(), func(p *plan.Progress) {
				p.Hooks = []plan.Hook{before}
				p.Objects = []live.Object{with(running("before", health.Progressing), func(o *live.Object) { o.Deleting = true })}
				begun(p, before, plan.Running)
			}),
			step{Failure: failed + "Job before: it was deleted before its end was seen", Done: true, Ended: []string{"before Failed"}},
		},
		"fails with a hook whose object vanished": {
			with(progress(), func(p *plan.Progress) { p.Hooks = []plan.Hook{before}; begun(p, before, plan.Running) }),
			step{Failure: failed + "Job before: it was deleted before its end was seen", Done: true, Ended: []string{"before Failed"}},
		},
		"waits for the watch to tell of a hook that was just made": {
			with(progress(), func(p *plan.Progress) {
				p.Hooks = []plan.Hook{before}
				p.Runs[before.ID()] = plan.HookRun{State: plan.Running, UID: "1", Fresh: true}
			}),
			step{Waiting: "waiting for completion of hook /Job/before"},
		},
		"begins a hook again that a restart lost before it was made": {
			with(progress(), func(p *plan.Progress) {
				p.Hooks = []plan.Hook{before}
				p.Runs[before.ID()] = plan.HookRun{State: plan.Running}
			}),
			step{Run: []string{"PreSync before"}},
		},
		"finds a hook again that was made before a restart": {
			with(progress(), func(p *plan.Progress) {
				p.Hooks, p.Objects = []plan.Hook{before}, []live.Object{running("before", health.Progressing)}
				p.Runs[before.ID()] = plan.HookRun{State: plan.Running}
			}),
			step{Waiting: "waiting for completion of hook /Job/before"},
		},
		"waits for the other hooks of a wave before it fails": {
			with(progress(), func(p *plan.Progress) {
				other := hook("other", plan.PreSync, 0)
				p.Hooks = []plan.Hook{before, other, onFail}
				p.Objects = []live.Object{running("before", health.Degraded), running("other", health.Progressing)}
				begun(p, before, plan.Running)
				begun(p, other, plan.Running)
			}),
			step{Waiting: "waiting for completion of hook /Job/other", Ended: []string{"before Failed"}},
		},
		"runs SyncFail hooks when a sync has failed": {
			with(progress(pending("ConfigMap", "a", 0)), func(p *plan.Progress) { p.Hooks, p.Failure = []plan.Hook{onFail, after}, "no" }),
			step{Run: []string{"SyncFail sorry"}, Failure: "no"},
		},
		"has failed when these are done": {
			with(progress(), func(p *plan.Progress) {
				p.Hooks, p.Failure = []plan.Hook{onFail}, "no"
				begun(p, onFail, plan.Failed)
			}),
			step{Failure: "no", Done: true},
		},
		"takes away what an earlier run left before a hook begins": {
			with(progress(), func(p *plan.Progress) {
				p.Hooks, p.Objects = []plan.Hook{before}, []live.Object{running("before", health.Healthy)}
			}),
			step{Remove: []string{"before"}, Waiting: "waiting for deletion of /Job/before"},
		},
		"waits while that goes": {
			with(progress(), func(p *plan.Progress) {
				p.Hooks = []plan.Hook{before}
				p.Objects = []live.Object{with(running("before", health.Healthy), func(o *live.Object) { o.Deleting, o.Held = true, false })}
			}),
			step{Waiting: "waiting for deletion of /Job/before"},
		},
		"runs a hook over what is there where its policy does not delete": {
			with(progress(), func(p *plan.Progress) {
				p.Hooks = []plan.Hook{with(before, func(h *plan.Hook) { h.Policy = live.Hooked | live.DeleteSucceeded })}
				p.Objects = []live.Object{running("before", health.Healthy)}
			}),
			step{Run: []string{"PreSync before"}},
		},
		"removes hooks of an earlier sync that run, and lets go of those that ended": {
			with(progress(), func(p *plan.Progress) {
				p.Objects = []live.Object{running("old", health.Progressing), running("older", health.Degraded)}
			}),
			step{Remove: []string{"old"}, Release: []string{"older"}, Done: true},
		},
		"runs Sync hooks with the objects of their wave and kind": {
			with(progress(pending("Deployment", "a", 0)), func(p *plan.Progress) { p.Hooks = []plan.Hook{during} }),
			step{Run: []string{"Sync during", "Apply a"}},
		},
		"orders hooks by wave": {
			with(progress(), func(p *plan.Progress) { p.Hooks = []plan.Hook{before, hook("early", plan.PreSync, -1)} }),
			step{Run: []string{"PreSync early"}},
		},
		"runs a hook that has two phases twice": {
			with(progress(), func(p *plan.Progress) {
				p.Hooks, p.Objects = []plan.Hook{before, hook("before", plan.PostSync, 0)}, []live.Object{running("before", health.Healthy)}
				begun(p, before, plan.Succeeded)
			}),
			step{Remove: []string{"before"}, Waiting: "waiting for deletion of /Job/before"},
		},
		"lets PostSync hooks wait until all objects are healthy": {
			with(progress(settled("Deployment", "a", 0, health.Progressing), settled("Deployment", "b", 3, health.Suspended)),
				func(p *plan.Progress) { p.Hooks = []plan.Hook{after} }),
			step{Waiting: "waiting for healthy state of /Deployment/a and 1 more resources"},
		},
		"runs PostSync hooks then": {
			with(progress(settled("Deployment", "a", 0, health.Healthy)), func(p *plan.Progress) { p.Hooks = []plan.Hook{after} }),
			step{Run: []string{"PostSync after"}},
		},
		"runs no hooks of a deletion": {
			with(progress(), func(p *plan.Progress) {
				p.Hooks = []plan.Hook{hook("x", plan.PreDelete, 0), hook("y", plan.PostDelete, 0)}
			}),
			step{Done: true},
		},
		"runs no hooks and waits for nothing where it is direct": {
			with(progress(settled("Deployment", "a", 0, health.Degraded), pending("Deployment", "b", 1), pending("Deployment", "c", 2)),
				func(p *plan.Progress) { p.Hooks, p.Direct = []plan.Hook{before}, true }),
			step{Run: []string{"Apply b"}},
		},
		"holds a wave back until the lower one is healthy": {
			progress(settled("Deployment", "a", 0, health.Progressing), pending("Deployment", "b", 1)),
			step{Waiting: "waiting for healthy state of /Deployment/a"},
		},
		"fails where the lower wave is degraded": {
			progress(settled("Deployment", "a", 0, health.Degraded), pending("Deployment", "b", 1)),
			step{Failure: failed + "Deployment a is degraded: so", Done: true},
		},
		"does not care for the health of the wave it runs": {
			progress(settled("Deployment", "a", 0, health.Degraded), pending("Deployment", "b", 0)),
			step{Run: []string{"Apply b"}},
		},
		"prunes after all is applied, the highest wave first": {
			progress(pending("Deployment", "a", 5), pruned("Deployment", "b", 0), pruned("Deployment", "c", 1)),
			step{Run: []string{"Apply a"}},
		},
		"waits until what is pruned before is gone": {
			progress(pruned("Deployment", "b", 0), with(pruned("Deployment", "c", 1), func(c *plan.Change) {
				c.Action, c.Reason = plan.None, plan.Terminating
			})),
			step{Waiting: "waiting for deletion of /Deployment/c"},
		},
		"prunes what is to go last when all is healthy": {
			progress(settled("Deployment", "a", 5, health.Progressing), with(pruned("Deployment", "b", 0), func(c *plan.Change) { c.Keep = live.PruneLast })),
			step{Waiting: "waiting for healthy state of /Deployment/a"},
		},
		"prunes others before what is to go last": {
			progress(with(pruned("Deployment", "b", 7), func(c *plan.Change) { c.Keep = live.PruneLast }), pruned("Deployment", "c", 1)),
			step{Run: []string{"Prune c"}},
		},
		"applies and prunes what needs no confirmation": {
			progress(with(pruned("Deployment", "b", 7), func(c *plan.Change) { c.Unconfirmed = true }), pruned("Deployment", "c", 1)),
			step{Run: []string{"Prune c"}},
		},
		"waits for a confirmation then, and runs nothing after it": {
			with(progress(with(pruned("Deployment", "b", 7), func(c *plan.Change) { c.Unconfirmed = true })),
				func(p *plan.Progress) { p.Hooks = []plan.Hook{after} }),
			step{Waiting: "waiting for pruning confirmation of /Deployment/b"},
		},
		"waits for an object that has to go before it can be made anew": {
			progress(with(settled("Deployment", "a", 0, health.Healthy), func(c *plan.Change) {
				c.Reason, c.Desired = plan.Terminating, digest("x")
			})),
			step{Waiting: "waiting for deletion of /Deployment/a"},
		},
		"waits for a definition before it makes objects of its kind": {
			progress(with(settled("CustomResourceDefinition", "d", 0, health.Progressing), func(c *plan.Change) { c.Defines.Kind = "Thing" }),
				pending("Thing", "t", 0), pending("Deployment", "a", 0)),
			step{Run: []string{"Apply a"}, Waiting: "waiting for healthy state of /CustomResourceDefinition/d"},
		},
		"makes them when the cluster has taken it in": {
			progress(with(settled("CustomResourceDefinition", "d", 0, health.Healthy), func(c *plan.Change) { c.Defines.Kind = "Thing" }), pending("Thing", "t", 0)),
			step{Run: []string{"Apply t"}},
		},
		"prunes the highest wave first": {
			progress(settled("Deployment", "a", 5, health.Progressing), pruned("Deployment", "b", 0), pruned("Deployment", "c", 1)),
			step{Run: []string{"Prune c"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, show(plan.Sequence(c.progress))); diff != "" {
				t.Errorf("next (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTidy(t *testing.T) {
	t.Parallel()
	with := func(name string, policy live.Hook) live.Object {
		return with(running(name, health.Healthy), func(o *live.Object) { o.Hook = live.Hooked | policy })
	}
	objects := []live.Object{
		with("kept", live.DeleteBefore), with("good", live.DeleteSucceeded), with("bad", live.DeleteFailed),
		{Key: key("Job", "done"), Hook: live.Hooked | live.DeleteSucceeded},
	}
	for failed, want := range map[bool]step{
		false: {Remove: []string{"good"}, Release: []string{"kept", "bad"}},
		true:  {Remove: []string{"bad"}, Release: []string{"kept", "good"}},
	} {
		remove, release := plan.Tidy(objects, failed)
		if diff := cmp.Diff(want, show(plan.Next{Remove: remove, Release: release})); diff != "" {
			t.Errorf("failed %t (-want +got):\n%s", failed, diff)
		}
	}
}
