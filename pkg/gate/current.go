// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// stale gives the verdict of a Plan that is not what its digest says, was made of something else than what holds now,
// or was used before. Each of them is told from the facts, and the phase of the Plan only adds to it.
func (f Facts) stale() (Verdict, bool) {
	spec := f.Plan.Spec
	switch digest := PlanDigest(spec); {
	case digest == "" || digest != f.Plan.Digest:
		return hold(ReasonTampered, f.names("is not what its digest says; make another: "+f.makePlan())), true
	case f.ClusterUID == "":
		return hold(ReasonBlind, "the UID of the destination could not be read"+f.look()), true
	case f.Now.IsZero() || spec.Application.UID == "":
		return hold(ReasonBlind, f.names("cannot be judged: the time or the Application's UID is not known"+f.look())), true
	case f.deleting() != (spec.Kind == capstan.PlanDestroy):
		return f.wrongKind(), true
	}
	if reason := f.outdated(); reason != "" {
		return deny(ReasonStalePlan, f.names(reason+"; make another: "+f.makePlan())), true
	}
	return f.spent()
}

// outdated says what the Plan was made of that no longer holds, "" where all of it does.
func (f Facts) outdated() string {
	app, spec := f.Application, f.Plan.Spec
	switch {
	case f.Plan.Namespace != app.Namespace || spec.Application.Name != app.Name || spec.Application.UID != app.UID:
		return "is of another Application"
	case f.Plan.DeletionTimestamp != nil:
		return "is being deleted"
	case spec.Application.Spec == "" || spec.Application.Spec != SpecDigest(app.Spec):
		return "was made before the Application's spec was changed"
	case spec.Destination.UID != f.ClusterUID:
		return "was made for another cluster than the one that the destination leads to now"
	case spec.From != f.Deployed:
		return "was made before something else was deployed"
	}
	return ""
}

// spent gives the verdict of a Plan that was used, turned down, or cannot be applied as it stands.
func (f Facts) spent() (Verdict, bool) {
	spec, status := f.Plan.Spec, f.Plan.Status
	switch {
	case status.StartedAt != nil:
		return deny(ReasonAlreadyUsed, f.names("was used already; make another: "+f.makePlan())), true
	case spec.Kind != capstan.PlanDestroy && spec.Manifests == "":
		return hold(ReasonBlind, f.names("names no manifests; make another: "+f.makePlan())), true
	}
	switch status.Phase {
	case "", capstan.PlanPending, capstan.PlanApproved:
	case capstan.PlanRejected:
		return deny(ReasonRejected, f.names("was rejected; change what it is made of, and make another: "+f.makePlan())), true
	case capstan.PlanSuperseded:
		return deny(ReasonStalePlan, f.names("was superseded by a newer one"+f.look())), true
	case capstan.PlanRunning, capstan.PlanSucceeded, capstan.PlanFailed:
		return deny(ReasonAlreadyUsed, f.names("was used already; make another: "+f.makePlan())), true
	default:
		return f.unknown("phase", string(status.Phase)), true
	}
	switch spec.Kind {
	case capstan.PlanSync, capstan.PlanRollback, capstan.PlanDestroy:
		return Verdict{}, false
	}
	return f.unknown("kind", string(spec.Kind)), true
}

func (f Facts) unknown(field, value string) Verdict {
	return hold(ReasonBlind, f.names(fmt.Sprintf("has a %s that nothing is known of: %q%s", field, value, f.look())))
}

// wrongKind is the verdict where an Application is deleted by the Plan of a sync, or synced by that of a deletion.
func (f Facts) wrongKind() Verdict {
	if f.deleting() {
		return deny(ReasonDeletionRequiresApproval,
			f.names("does not list what the deletion would delete; make one that does: "+f.makePlan()))
	}
	return deny(ReasonStalePlan, f.names("is of the Application's deletion; make one of a sync: "+f.makePlan()))
}

// names begins a sentence with the Plan.
func (f Facts) names(what string) string { return "Plan " + f.Plan.Name + " " + what }
