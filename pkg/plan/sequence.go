// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// HookID names one run of a hook within a sync.
type HookID struct {
	manifest.Key
	Phase Phase
}

// ID returns the name of the hook's run.
func (h Hook) ID() HookID { return HookID{Key: h.Key, Phase: h.Phase} }

// State is how far the run of a hook is.
type State string

// The states of a hook's run.
const (
	Running   State = "Running"
	Succeeded State = "Succeeded"
	Failed    State = "Failed"
)

// HookRun is what a sync knows of the run of one of its hooks.
type HookRun struct {
	State   State
	Message string
	// UID is that of the object that was made, "" where that is not known to have happened.
	UID types.UID
	// Fresh reports that the watch may not have told of the object yet.
	Fresh bool
}

// Progress is how far a sync is: all that what to do next follows from.
type Progress struct {
	// Plan is how the objects stand.
	Plan Plan
	// Chosen are those changes of the plan that the sync may still make.
	Chosen []Change
	// Hooks are named; those of the phases of a deletion do not run in a sync.
	Hooks []Hook
	// Runs are the hooks that the sync began.
	Runs map[HookID]HookRun
	// Objects are the hooks' objects in the destination, of this sync and of earlier ones.
	Objects []live.Object
	// Failure is why the sync has failed, "" as long as it has not.
	Failure string
	// Direct syncs run no hooks and wait for nothing.
	Direct bool
}

// Next is what a sync does next. Where it neither runs nor removes anything and is not done,
// it waits for an event of the destination.
type Next struct {
	// Ended are the hooks whose end was seen.
	Ended map[HookID]HookRun
	// Remove are hooks' objects that are in the way, Release those that are only let go of.
	Remove, Release []live.Object
	// Begin are hooks and Apply are changes that run now, side by side.
	Begin []Hook
	Apply []Change
	// Waiting says what is waited for.
	Waiting string
	// Failure is why the sync has failed, "" as long as it has not.
	Failure string
	// Done reports that nothing is left to do.
	Done bool
}

// Sequence says what a sync does next. Phases, waves and ranks of kind follow each other;
// what must be gone before comes last. Hooks have to succeed, and objects of a lower wave
// have to be healthy, before what comes after them begins; what comes last is not waited for.
func Sequence(p Progress) Next {
	c := course{Progress: p, objects: index(p.Objects, func(o live.Object) manifest.Key { return o.Key })}
	next := Next{Failure: p.Failure}
	if p.Direct {
		next.Apply = first(p.Chosen)
		next.Done = len(next.Apply) == 0 || next.Failure != ""
		return next
	}
	next.Ended, c.running = c.settle()
	next.Remove, next.Release = c.strays()
	if next.Failure == "" {
		next.Failure = c.failure()
	}
	if next.Failure != "" {
		c.fail(&next)
	} else {
		c.advance(&next)
	}
	return next
}

// course is Progress with what follows from it.
type course struct {
	Progress
	objects map[manifest.Key]live.Object
	// running are the hooks whose end is not seen yet.
	running []Hook
}

// settle looks at the objects of the hooks that were begun.
func (c *course) settle() (ended map[HookID]HookRun, running []Hook) {
	ended = map[HookID]HookRun{}
	runs := make(map[HookID]HookRun, len(c.Runs))
	for id, run := range c.Runs {
		if run.State == Running {
			run = c.judge(id, run)
		}
		if run.State != Running && c.Runs[id].State == Running {
			ended[id] = run
		}
		runs[id] = run
	}
	c.Runs = runs
	for _, hook := range c.Hooks {
		if run, begun := runs[hook.ID()]; begun && run.State == Running && !c.lost(hook) {
			running = append(running, hook)
		}
	}
	return ended, running
}

// judge tells the state of a hook that ran by its object (as Argo CD 3.5: gitops-engine,
// sync_context.go getOperationPhase). An object whose deletion began before its end was seen
// ends no more.
func (c *course) judge(id HookID, run HookRun) HookRun {
	object, isLive := c.objects[id.Key]
	if !isLive || run.UID != "" && object.UID != run.UID {
		if run.UID != "" && !run.Fresh {
			run.State, run.Message = Failed, "it was deleted before its end was seen"
		}
		return run
	}
	run.UID = object.UID
	switch {
	case object.Health == nil:
		run.State, run.Message = Succeeded, id.Name+" created"
	case object.Health.Status == health.Healthy:
		run.State, run.Message = Succeeded, object.Health.Message
	case object.Health.Status == health.Degraded, object.Health.Status == health.Unknown:
		run.State, run.Message = Failed, object.Health.Message
	case object.Deleting:
		run.State, run.Message = Failed, "it was deleted before its end was seen"
	default:
		run.Message = object.Health.Message
	}
	return run
}

// lost reports a hook that was to begin when the sync was interrupted: nobody knows that it
// did, and no object says so.
func (c *course) lost(hook Hook) bool {
	_, isLive := c.objects[hook.Key]
	return c.Runs[hook.ID()].UID == "" && !isLive
}

// strays are held objects of hooks that are no part of the sync: those that still run are
// removed, because nobody waits for them any more.
func (c *course) strays() (remove, release []live.Object) {
	known := map[manifest.Key]bool{}
	for _, hook := range c.Hooks {
		known[hook.Key] = true
	}
	for id := range c.Runs {
		known[id.Key] = true
	}
	for _, object := range c.Objects {
		switch {
		case !object.Held || known[object.Key]:
		case object.Health != nil && (object.Health.Status == health.Progressing || object.Health.Status == health.Suspended):
			remove = append(remove, object)
		default:
			release = append(release, object)
		}
	}
	return remove, release
}

// failure says why the sync cannot go on: a hook failed, or an object that others come after
// is degraded. As long as hooks run, their end is waited for.
func (c *course) failure() string {
	if len(c.running) > 0 {
		return ""
	}
	for _, hook := range c.Hooks {
		if run := c.Runs[hook.ID()]; hook.Phase != SyncFail && run.State == Failed {
			text := "one or more synchronization tasks completed unsuccessfully: " + hook.Kind + " " + hook.Name
			if run.Message != "" {
				text += ": " + run.Message
			}
			return text
		}
	}
	return ""
}

// fail runs the hooks for that, when nothing else runs any more.
func (c *course) fail(next *Next) {
	if len(c.running) > 0 {
		next.Waiting = waiting("completion of hook", "hooks", hookKeys(c.running))
		return
	}
	var pending []Hook
	for _, hook := range c.Hooks {
		if _, begun := c.Runs[hook.ID()]; hook.Phase == SyncFail && (!begun || c.lost(hook)) {
			pending = append(pending, hook)
		}
	}
	c.begin(next, pending)
	next.Done = len(pending) == 0
}

// advance runs the first group of what is left once all before it is settled.
func (c *course) advance(next *Next) {
	at, hooks, changes := c.group()
	if before := hooksBefore(c.running, at); len(before) > 0 {
		next.Waiting = waiting("completion of hook", "hooks", hookKeys(before))
		return
	}
	if open := c.unconfirmed(); len(open) > 0 && at.phase > atPruneLast {
		next.Waiting = waiting("pruning confirmation of", "resources", open)
		return
	}
	if at.phase == afterAll {
		if open := c.terminating(); len(open) > 0 {
			next.Waiting = waiting("deletion of", "resources", open)
			return
		}
		next.Done = true
		return
	}
	if degraded, open := c.unhealthy(at); degraded != "" {
		next.Failure = "one or more synchronization tasks completed unsuccessfully: " + degraded
		c.fail(next)
		return
	} else if len(open) > 0 {
		next.Waiting = waiting(whatOf(at), "resources", open)
		return
	}
	c.begin(next, hooks)
	ready, definitions := c.established(changes)
	next.Apply = ready
	if len(definitions) > 0 && next.Waiting == "" {
		next.Waiting = waiting("healthy state of", "resources", definitions)
	}
}

// whatOf is what is waited for before something at a place begins.
func whatOf(at place) string {
	if at.phase == atPrune {
		return "deletion of"
	}
	return "healthy state of"
}

// begin runs hooks that nothing is in the way of, and takes away what is.
func (c *course) begin(next *Next, hooks []Hook) {
	var blocked []manifest.Key
	for _, hook := range hooks {
		object, isLive := c.objects[hook.Key]
		_, announced := c.Runs[hook.ID()]
		if !isLive || announced || hook.Policy&live.DeleteBefore == 0 {
			next.Begin = append(next.Begin, hook)
			continue
		}
		blocked = append(blocked, hook.Key)
		if !object.Deleting || object.Held {
			next.Remove = append(next.Remove, object)
		}
	}
	if len(blocked) > 0 {
		next.Waiting = waiting("deletion of", "hooks", blocked)
	}
}

// Tidy says what becomes of the hooks' objects when a sync has ended: which go, by their
// policies, and which are only let go of.
func Tidy(objects []live.Object, failed bool) (remove, release []live.Object) {
	policy := live.DeleteSucceeded
	if failed {
		policy = live.DeleteFailed
	}
	for _, object := range objects {
		switch {
		case !object.Held:
		case object.Hook&policy != 0:
			remove = append(remove, object)
		default:
			release = append(release, object)
		}
	}
	return remove, release
}

func hookKeys(hooks []Hook) []manifest.Key {
	keys := make([]manifest.Key, 0, len(hooks))
	for _, hook := range hooks {
		keys = append(keys, hook.Key)
	}
	return keys
}

func hooksBefore(hooks []Hook, at place) []Hook {
	return slices.DeleteFunc(slices.Clone(hooks), func(hook Hook) bool { return !placeOfHook(hook).before(at) })
}
