// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// BreakGlassRequest asks to apply a Plan without the approvals that it needs.
type BreakGlassRequest struct {
	// Who asks.
	Who capstan.Approver
	// PlanDigest is the digest of the Plan that was read.
	PlanDigest string
	// Reason is why.
	Reason string
	// Ticket is what the emergency is filed under.
	Ticket string
	// Duration is how long the grant is to hold; zero means as long as the policy allows.
	Duration time.Duration
}

// BreakGlass says whether a request may break the glass for the Plan. What lies beyond the limits of deletion, objects
// of protected kinds and the deletion of the Application stay behind it.
func BreakGlass(f Facts, request BreakGlassRequest) Verdict {
	if verdict, settled := f.read(request.PlanDigest); settled {
		return verdict
	}
	if verdict, refused := f.unbreakable(); refused {
		return verdict
	}
	if verdict, refused := f.unfit(request.Who, request.Ticket, request.Reason); refused {
		return verdict
	}
	if most := f.Requirement.BreakGlass.MaxDuration; request.Duration < 0 || request.Duration > most {
		return deny(ReasonDuration, fmt.Sprintf("a grant holds for %s at most; ask for less: %s", most, f.breakGlass()))
	}
	return Verdict{Decision: Allow, Reason: ReasonBreakGlass, Message: f.names("may be applied in an emergency")}
}

// Until is when a grant ends that is made now.
func (e Emergency) Until(now time.Time, duration time.Duration) time.Time {
	if duration == 0 {
		duration = e.MaxDuration
	}
	return now.Add(min(duration, e.MaxDuration))
}

// unbreakable gives the verdict where the glass holds for this Plan, whoever asks.
func (f Facts) unbreakable() (Verdict, bool) {
	switch reason, what := f.Requirement.Prune.beyond(f.Plan.Spec); {
	case f.Requirement.BreakGlass == nil:
		return deny(ReasonBreakGlassForbidden, "a policy that gates the Application does not let the gate be broken; "+
			"have the Plan approved: "+f.approve()), true
	case f.Plan.Spec.Kind == capstan.PlanDestroy:
		return deny(ReasonBreakGlassForbidden, "no emergency deletes an Application with its objects; "+
			"have the Plan approved: "+f.approve()), true
	case reason != "":
		return deny(reason, f.names(what+", in an emergency too; "+f.without())), true
	}
	return f.rejection(rolesOf(f.Requirement.Rules))
}

// unfit gives the verdict where a request does not say what an emergency has to say. A pattern of tickets that cannot
// be read takes none.
func (f Facts) unfit(who capstan.Approver, ticket, reason string) (Verdict, bool) {
	emergency := f.Requirement.BreakGlass
	if part := f.faceless(who); part != "" {
		return deny(ReasonExcluded, fmt.Sprintf("%q %s; a person has to ask: %s", who.Username, part, f.breakGlass())), true
	}
	if strings.TrimSpace(ticket) == "" {
		return deny(ReasonTicketRequired, "an emergency needs a ticket: "+f.breakGlass()), true
	}
	for _, pattern := range emergency.Tickets {
		if !matches(pattern, ticket) {
			return deny(ReasonTicketRequired, fmt.Sprintf("the ticket does not match %q: %s", pattern, f.breakGlass())), true
		}
	}
	if utf8.RuneCountInString(strings.TrimSpace(reason)) < int(emergency.MinReason) {
		return deny(ReasonReasonRequired, fmt.Sprintf("an emergency needs a reason of %d characters: %s",
			emergency.MinReason, f.breakGlass())), true
	}
	return Verdict{}, false
}

// matches reports whether a regular expression matches all of a text. It has to be one by itself, so that it cannot
// close the group that is put around it.
func matches(pattern, text string) bool {
	if _, err := regexp.Compile(pattern); err != nil {
		return false
	}
	whole, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	return err == nil && whole.MatchString(text)
}

// broken gives the verdict of a grant in force that breaks the glass for the Plan.
func (f Facts) broken() Verdict {
	if _, refused := f.unbreakable(); refused {
		return Verdict{}
	}
	for _, grant := range f.of(capstan.DecisionBreakGlass) {
		_, unfit := f.unfit(grant.Spec.Approver, grant.Spec.Ticket, grant.Spec.Reason)
		if !unfit && f.inForce(grant) {
			return Verdict{
				Decision: Allow, Reason: ReasonBreakGlass, Approvals: []string{grant.Name},
				Message: f.names("is applied in an emergency, as Approval " + grant.Name + " says"),
			}
		}
	}
	return Verdict{}
}

// inForce reports whether a grant holds now, for no longer than it says, nor than the policy allows by now.
func (f Facts) inForce(grant *capstan.Approval) bool {
	made, until := grant.CreationTimestamp.Time, grant.Spec.ExpiresAt
	return grant.Status.UsedAt == nil && until != nil && f.Now.Before(until.Time) && !made.IsZero() &&
		!made.After(f.Now) && f.Now.Before(made.Add(f.Requirement.BreakGlass.MaxDuration))
}
