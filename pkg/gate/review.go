// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// Emergencies are the grants of an Application that may be used now, or that were used and are not reviewed, as its
// status tells of them.
func Emergencies(f Facts) []argo.GateEmergency {
	var emergencies []argo.GateEmergency
	for _, grant := range f.Grants {
		emergency := argo.GateEmergency{
			Approval: grant.Name, Username: grant.Spec.Approver.Username, ReviewBy: f.reviewBy(grant),
		}
		if grant.Spec.ExpiresAt != nil {
			emergency.Until = *grant.Spec.ExpiresAt
		}
		if grant.Status.Review == nil && grant.DeletionTimestamp == nil && Lasts(emergency, f.Now) {
			emergencies = append(emergencies, emergency)
		}
	}
	return emergencies
}

// Lasts reports whether there is still something to say of an emergency: a grant that may be used, or a review that is
// missing.
func Lasts(emergency argo.GateEmergency, now time.Time) bool {
	return emergency.ReviewBy != nil || now.Before(emergency.Until.Time)
}

// Overdue reports whether an emergency should have been reviewed by now.
func Overdue(emergency argo.GateEmergency, now time.Time) bool {
	return emergency.ReviewBy != nil && !now.Before(emergency.ReviewBy.Time)
}

// reviewBy is when a grant that was used has to have been reviewed, nil for others: at once, where no policy lets the
// gate be broken any more.
func (f Facts) reviewBy(grant *capstan.Approval) *metav1.Time {
	if grant.Status.UsedAt == nil {
		return nil
	}
	var within time.Duration
	if f.Requirement.BreakGlass != nil {
		within = f.Requirement.BreakGlass.ReviewWithin
	}
	return &metav1.Time{Time: grant.Status.UsedAt.Add(within)}
}

// unreviewed gives the verdict where somebody broke the gate, and nobody else has reviewed that in time: until then the
// Application takes nothing that is not an emergency itself.
func (f Facts) unreviewed() (Verdict, bool) {
	for _, grant := range f.Grants {
		by := f.reviewBy(grant)
		if grant.Status.Review == nil && by != nil && !f.Now.Before(by.Time) {
			return deny(ReasonReviewOverdue, fmt.Sprintf("%s broke the gate by Approval %s, and nobody else has reviewed it "+
				"until %s; another person reviews it: %s", grant.Spec.Approver.Username, grant.Name,
				by.UTC().Format(time.RFC3339), f.review(grant.Name))), true
		}
	}
	return Verdict{}, false
}

// Review says whether somebody may review the emergency of a name: another person than who broke the gate, of a role
// that could approve what the Application takes now.
func Review(f Facts, who capstan.Approver, name, reason string) Verdict {
	switch {
	case f.Unreadable != nil || f.Application == nil:
		return hold(ReasonBlind, fmt.Sprintf("what the gate has to know could not be read: %v%s", f.Unreadable, f.look()))
	case !f.Requirement.Gated:
		return deny(ReasonNotGated, "nothing gates the Application, so there is nothing to review"+f.look())
	}
	grant := f.grant(name)
	roles := rolesOf(f.Requirement.Rules)
	switch part := f.faceless(who); {
	case grant == nil:
		return deny(ReasonNotPending, fmt.Sprintf("no emergency of the Application waits for a review under the name %q; "+
			"see: kubectl get approvals.capstan.dev -n %s", name, f.Application.Namespace))
	case part != "":
		return deny(ReasonExcluded, fmt.Sprintf("%q %s; a person has to review it: %s", who.Username, part, f.review(name)))
	case samePerson(who, grant.Spec.Approver):
		return deny(ReasonExcluded, who.Username+" broke the gate; another person has to review it: "+f.review(name))
	case strings.TrimSpace(reason) == "":
		return deny(ReasonReasonRequired, "a review says what there is to say: "+f.review(name))
	}
	held, err := f.held(who, roles)
	switch {
	case err != nil:
		return hold(ReasonBlind, "your roles could not be read: "+err.Error()+f.look())
	case len(held) == 0:
		return f.noRole(who, roles)
	}
	return Verdict{Decision: Allow, Reason: ReasonEligible, Message: who.Username + " may review Approval " + name}
}

// grant is the grant of a name that was used and is not reviewed, nil where there is none.
func (f Facts) grant(name string) *capstan.Approval {
	for _, grant := range f.Grants {
		if grant.Name == name && grant.Status.UsedAt != nil && grant.Status.Review == nil {
			return grant
		}
	}
	return nil
}
