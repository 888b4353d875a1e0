// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"time"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
	"github.com/capstan-dev/capstan/pkg/project"
)

// decision is what a reconcile may do about a plan now.
type decision struct {
	// changes are those to run, in the plan's order; empty means leave everything as it is.
	changes []plan.Change
	trigger capstan.SyncRunTrigger
	dryRun  bool
	// held says why automated sync does nothing about a plan that is not in sync.
	held string
	// closed says which sync window automated sync waits for.
	closed string
	// wait is how long to wait before the same changes are tried again.
	wait time.Duration
	// plan is the approved Plan that is carried out, nil where none is needed.
	plan *capstan.Plan
}

// begins reports that there is a sync to begin, or to go on with.
func (d decision) begins() bool { return d.trigger != "" && d.wait == 0 }

// facts is what a decision is made from.
type facts struct {
	operation *v1alpha1.Operation
	policy    *v1alpha1.SyncPolicyAutomated
	plan      plan.Plan
	applied   map[manifest.Key]plan.Applied
	// running is the trigger of the sync in progress, "" where there is none.
	running capstan.SyncRunTrigger
	spent   spent
	healing healing
	// held is the desired state that a rollback turned away from, and wanted the one that
	// Git has now.
	held, wanted string
	revision     string
	// window is what the project's sync windows say.
	window project.Opening
	// empty reports that Git wants nothing at all.
	empty bool
	now   time.Time
}

// decide says what to run: an operation that somebody asked for, the news from Git where
// sync is automated, or the drift where self-heal is on (as Argo CD 3.6: controller/
// appcontroller.go autoSync). A sync in progress goes on, and takes with it what is new.
func decide(f facts) decision {
	if f.operation != nil {
		return operate(f)
	}
	chosen := automate(f)
	if f.running == "" && chosen.begins() && f.window.Closed != "" {
		return decision{held: chosen.held, closed: f.window.Closed, wait: f.window.Wait(f.now)}
	}
	if f.running != "" && (chosen.trigger == "" || chosen.trigger == capstan.TriggerSelfHeal) {
		chosen.trigger, chosen.wait = f.running, 0
	}
	return chosen
}

func automate(f facts) decision {
	if !automated(f.policy) || f.plan.InSync() {
		return decision{}
	}
	news, drift := split(f.plan.Pending(), f.applied)
	switch {
	case len(news) == 0 && len(drift) == 0:
		return decision{}
	case f.held != "" && f.held == f.wanted:
		return decision{held: "automated sync waits for the next commit: this one was rolled back"}
	case f.empty && !on(f.policy.AllowEmpty):
		return decision{held: "automated sync does not delete all resources, and Git has none: " +
			"sync by hand, or set spec.syncPolicy.automated.allowEmpty"}
	case len(news) == 0:
		return heal(f, drift)
	case f.running == "" && f.spent.covers(f, f.plan.Pending()):
		chosen := heal(f, drift)
		chosen.held = "the same changes failed before; the next commit or a sync by hand tries again"
		return chosen
	default:
		return decision{changes: f.plan.Pending(), trigger: capstan.TriggerAutomated}
	}
}

// heal undoes drift where that is wanted and due.
func heal(f facts, drift []plan.Change) decision {
	if len(drift) == 0 || !on(f.policy.SelfHeal) {
		return decision{}
	}
	if wait := f.healing.wait(f, drift); wait > 0 {
		return decision{trigger: capstan.TriggerSelfHeal, wait: wait}
	}
	return decision{changes: drift, trigger: capstan.TriggerSelfHeal}
}

// operate runs what the operation selects.
func operate(f facts) decision {
	sync := f.operation.Sync
	chosen := decision{trigger: triggerOf(*f.operation), dryRun: sync.DryRun}
	for _, change := range f.plan.Pending() {
		if selected(sync.Resources, change.Key) {
			chosen.changes = append(chosen.changes, change)
		}
	}
	return chosen
}

func selected(resources []v1alpha1.SyncOperationResource, key manifest.Key) bool {
	if len(resources) == 0 {
		return true
	}
	for _, r := range resources {
		if r.Group == key.Group && r.Kind == key.Kind && r.Name == key.Name &&
			(r.Namespace == "" || r.Namespace == key.Namespace) {
			return true
		}
	}
	return false
}

// split tells what Git says anew from what somebody did to the cluster.
func split(pending []plan.Change, applied map[manifest.Key]plan.Applied) (news, drift []plan.Change) {
	for _, change := range pending {
		record, known := applied[change.Key]
		same := known && record.Desired == change.Desired
		if change.Reason == plan.Drifted || change.Reason == plan.Missing && same {
			drift = append(drift, change)
			continue
		}
		news = append(news, change)
	}
	return news, drift
}

// automated reports whether a policy syncs by itself; an absent "enabled" means yes.
func automated(policy *v1alpha1.SyncPolicyAutomated) bool {
	return policy != nil && (policy.Enabled == nil || *policy.Enabled)
}

func on(flag *bool) bool { return flag != nil && *flag }
