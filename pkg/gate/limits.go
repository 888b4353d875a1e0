// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"slices"
	"strings"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// exceeding returns the people who are needed besides because of what the Plan deletes, or the verdict where nobody can
// let it through.
func (f Facts) exceeding() ([]capstan.ApprovalRule, *Verdict) {
	limits := f.Requirement.Prune
	reason, what := limits.beyond(f.Plan.Spec)
	if reason == "" {
		return nil, nil
	}
	if limits.Exceed != nil {
		return limits.Exceed, nil
	}
	verdict := deny(reason, f.names(what+", which no policy lets anybody approve; "+f.without()))
	return nil, &verdict
}

// without says how to go on without deleting anything.
func (f Facts) without() string {
	if f.deleting() {
		return "delete the Application alone, and leave its objects: " + fmt.Sprintf(
			"kubectl patch applications.argoproj.io -n %s %s --type merge -p '{\"metadata\":{\"finalizers\":null}}'",
			f.Application.Namespace, f.Application.Name)
	}
	return "make one that deletes nothing: " + f.planWithoutPrune()
}

// beyond says which limit a Plan passes, and how; the reason is empty where it passes none. A deletion of the
// Application deletes all that there is by its nature, so it is only the protected kinds that bound it.
func (l Limits) beyond(spec capstan.PlanSpec) (Reason, string) {
	deletions := deletionsOf(spec)
	for _, deletion := range deletions {
		if l.protects(deletion) {
			return ReasonProtected, fmt.Sprintf("deletes %s %s/%s of a protected kind",
				deletion.Kind, deletion.Namespace, deletion.Name)
		}
	}
	if spec.Kind == capstan.PlanDestroy {
		return "", ""
	}
	count, deployed := int64(len(deletions)), int64(spec.Deployed)
	switch {
	case count > int64(l.MaxCount):
		return ReasonPruneLimit, fmt.Sprintf("deletes %d objects, and %d are the limit", count, l.MaxCount)
	case count*100 > int64(l.MaxPercent)*deployed:
		return ReasonPruneLimit, fmt.Sprintf("deletes %d of %d objects, and %d%% are the limit",
			count, deployed, l.MaxPercent)
	}
	return "", ""
}

// deletionsOf returns what a Plan deletes: what it deletes for good, and what it deletes to make anew, with all that
// hung on it. An action that is not known is taken for a deletion.
func deletionsOf(spec capstan.PlanSpec) []capstan.PlanChange {
	var deletions []capstan.PlanChange
	for _, change := range spec.Changes {
		switch change.Action {
		case capstan.ActionCreate, capstan.ActionUpdate, capstan.ActionHook, capstan.ActionNone:
		default:
			deletions = append(deletions, change)
		}
	}
	return deletions
}

// protects reports whether an object is of a protected kind.
func (l Limits) protects(change capstan.PlanChange) bool {
	return l.covers(change.Kind + "." + change.Group)
}

// covers reports whether all objects are protected that an entry would protect: one written as Kind protects that of
// any group, one written as Kind.group that of the group.
func (l Limits) covers(entry string) bool {
	kind, group, grouped := strings.Cut(strings.ToLower(entry), ".")
	return slices.ContainsFunc(l.Protected, func(own string) bool {
		ownKind, ownGroup, ownGrouped := strings.Cut(strings.ToLower(own), ".")
		return ownKind == kind && (!ownGrouped || grouped && ownGroup == group)
	})
}
