// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// observation is what one pass found out.
type observation struct {
	app *v1alpha1.Application
	// desired is nil where Git could not be read or rendered.
	desired *desired
	// plan is that of the spec's own revision, nil where nothing could be compared.
	plan *plan.Plan
	// hooks are the objects of hooks in the destination.
	hooks      []live.Object
	applied    map[manifest.Key]plan.Applied
	run        *run
	conditions []v1alpha1.ApplicationCondition
	// standing is how the Application stands before a gate, nil where that was not looked at; ungated reports that there
	// is none.
	standing *v1alpha1.ApplicationGate
	ungated  bool
	now      metav1.Time
}

// fold returns the status that an observation amounts to. What was not observed stays as
// it was; nothing in it changes with time alone.
func fold(old v1alpha1.ApplicationStatus, seen observation) v1alpha1.ApplicationStatus {
	status := *old.DeepCopy()
	status.Conditions = mergeConditions(old.Conditions, seen.conditions, seen.now)
	switch {
	case seen.plan != nil && seen.desired != nil:
		foldComparison(&status, seen)
	case seen.plan == nil:
		status.Sync.Status = v1alpha1.SyncStatusCodeUnknown
		foldHealth(&status, health.Health{Status: health.Unknown}, seen.now)
	}
	foldGate(&status, seen)
	if seen.run != nil {
		foldRun(&status, seen)
	}
	if status.ReconciledAt == nil {
		status.ReconciledAt = &seen.now
	}
	return status
}

func foldComparison(status *v1alpha1.ApplicationStatus, seen observation) {
	before := status.Sync
	status.Sync = v1alpha1.SyncStatus{
		Status:     v1alpha1.SyncStatusCodeSynced,
		ComparedTo: comparedTo(seen.app.Spec),
		Revision:   seen.desired.revision,
		Revisions:  seen.desired.revisions,
	}
	if len(seen.desired.revisions) > 0 {
		status.Sync.Revision = ""
	}
	if !seen.plan.InSync() {
		status.Sync.Status = v1alpha1.SyncStatusCodeOutOfSync
	}
	if stillSynced(before, status.Sync, seen.run) {
		status.Sync.Revision, status.Sync.Revisions = before.Revision, before.Revisions
	}
	status.Resources = append(resources(*seen.plan, seen.applied), hookResources(seen.hooks)...)
	status.SourceType, status.SourceTypes = seen.desired.sourceType, seen.desired.sourceTypes
	status.Summary = seen.desired.summary
	foldHealth(status, healthOf(*seen.plan), seen.now)
}

// stillSynced reports that nothing changed since the revision that was shown before, though a
// later commit was looked at: it then stays, after a restart, too.
func stillSynced(before, now v1alpha1.SyncStatus, done *run) bool {
	shown := before.Revision != "" && now.Revision != "" ||
		len(before.Revisions) > 0 && len(before.Revisions) == len(now.Revisions)
	return shown && before.Status == now.Status && now.Status == v1alpha1.SyncStatusCodeSynced &&
		(done == nil || done.trigger == capstan.TriggerSelfHeal) &&
		equality.Semantic.DeepEqual(before.ComparedTo, now.ComparedTo)
}

// foldHealth keeps the time of the last change of the health's status.
func foldHealth(status *v1alpha1.ApplicationStatus, now health.Health, at metav1.Time) {
	changed := string(status.Health.Status) != string(now.Status)
	status.Health.Status = v1alpha1.HealthStatusCode(now.Status)
	status.Health.Message = now.Message
	if changed || status.Health.LastTransitionTime == nil {
		status.Health.LastTransitionTime = &at
	}
}

// healthOf is the worst health of the objects that Git has.
func healthOf(p plan.Plan) health.Health {
	members := make([]health.Resource, 0, len(p.Changes))
	for _, change := range p.Changes {
		if change.Reason != plan.Extra {
			members = append(members, health.Resource{
				Key: change.Key, Health: change.Health, Live: change.Live, Silent: change.Silent,
			})
		}
	}
	summary := health.Summarize(members)
	causes := make([]string, 0, len(summary.Causes))
	for _, key := range summary.Causes {
		causes = append(causes, key.Kind+" "+key.Name)
	}
	if len(causes) == 0 {
		return health.Health{Status: summary.Status}
	}
	return health.Health{Status: summary.Status, Message: "Caused by " + strings.Join(causes, ", ")}
}

// resources is the object record: one entry an object, in the plan's order.
func resources(p plan.Plan, applied map[manifest.Key]plan.Applied) []v1alpha1.ResourceStatus {
	list := make([]v1alpha1.ResourceStatus, 0, len(p.Changes))
	for _, change := range p.Changes {
		entry := v1alpha1.ResourceStatus{
			Group: change.Group, Version: change.Version, Kind: change.Kind,
			Namespace: change.Namespace, Name: change.Name,
			UID: string(change.UID), Status: v1alpha1.SyncStatusCodeSynced, SyncWave: int64(change.Wave),
			RequiresPruning:              change.Reason == plan.Extra,
			RequiresDeletionConfirmation: change.Keep&(live.ConfirmPrune|live.ConfirmDelete) != 0,
		}
		if change.Reason != plan.InSync {
			entry.Status = v1alpha1.SyncStatusCodeOutOfSync
		}
		if record, known := applied[change.Key]; known {
			entry.UID, entry.Desired, entry.Owned = string(record.UID), record.Desired.String(), record.Owned.String()
			entry.Excused = record.Excused.String()
		}
		switch {
		case change.Health != nil:
			entry.Health = &v1alpha1.HealthStatus{
				Status: v1alpha1.HealthStatusCode(change.Health.Status), Message: change.Health.Message,
			}
		case !change.Live:
			entry.Health = &v1alpha1.HealthStatus{Status: v1alpha1.HealthStatusMissing}
		}
		list = append(list, entry)
	}
	return list
}

// hookResources are the entries of hooks, which have a health that counts for nothing else.
func hookResources(hooks []live.Object) []v1alpha1.ResourceStatus {
	list := make([]v1alpha1.ResourceStatus, 0, len(hooks))
	for _, object := range hooks {
		entry := v1alpha1.ResourceStatus{
			Group: object.Group, Version: object.Version, Kind: object.Kind, Namespace: object.Namespace,
			Name: object.Name, UID: string(object.UID), Hook: true, SyncWave: int64(object.Wave),
		}
		if object.Health != nil {
			entry.Health = &v1alpha1.HealthStatus{
				Status: v1alpha1.HealthStatusCode(object.Health.Status), Message: object.Health.Message,
			}
		}
		list = append(list, entry)
	}
	slices.SortFunc(list, func(a, b v1alpha1.ResourceStatus) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Group, b.Group))
	})
	return list
}

func comparedTo(spec v1alpha1.ApplicationSpec) v1alpha1.ComparedTo {
	if len(spec.Sources) > 0 {
		spec.Source = nil
	}
	return v1alpha1.ComparedTo{
		Source: sourceValue(spec.Source), Sources: spec.Sources,
		Destination: spec.Destination, IgnoreDifferences: spec.IgnoreDifferences,
	}
}

func sourceValue(source *v1alpha1.ApplicationSource) v1alpha1.ApplicationSource {
	if source == nil {
		return v1alpha1.ApplicationSource{}
	}
	return *source
}

// mergeConditions keeps the transition time of a condition that is still there. Conditions
// of Applications replace each other as a list; a type and a message stand at most once.
func mergeConditions(old, now []v1alpha1.ApplicationCondition, at metav1.Time) []v1alpha1.ApplicationCondition {
	merged := slices.Clone(now)
	for i := range merged {
		merged[i].LastTransitionTime = &at
		for _, before := range old {
			if before.Type == merged[i].Type && before.Message == merged[i].Message {
				merged[i].LastTransitionTime = before.LastTransitionTime
			}
		}
	}
	return merged
}
