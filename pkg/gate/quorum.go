// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// judge gives the verdict of the approvals of the Plan.
func (f Facts) judge(rules []capstan.ApprovalRule) Verdict {
	rules = f.raised(rules)
	people, blind := f.people(rolesOf(rules))
	missing, used := match(rules, people)
	switch {
	case len(missing) == 0:
		return Verdict{
			Decision: Allow, Reason: ReasonGranted, Approvals: used,
			Message: f.names("has all the approvals that it needs"),
		}
	case blind != nil:
		return Verdict{
			Decision: Hold, Reason: ReasonBlind, Missing: missing,
			Message: "the roles of an approver could not be read: " + blind.Error() + f.look(),
		}
	}
	return Verdict{
		Decision: Hold, Reason: ReasonApprovalRequired, Missing: missing,
		Message: f.names(fmt.Sprintf("waits for %s; approve it: %s", wanted(missing), f.approve())),
	}
}

// rejection gives the verdict where somebody who holds one of the roles turned the Plan down. It does not expire, and
// who has a part in the change may stop it too: a No that counts for less would let more through.
func (f Facts) rejection(roles []string) (Verdict, bool) {
	var blind error
	for _, rejection := range f.of(capstan.DecisionReject) {
		held, err := f.held(rejection.Spec.Approver, roles)
		if len(held) > 0 {
			return deny(ReasonRejected, f.names(fmt.Sprintf(
				"was rejected by %s; change what it is made of, and make another: %s",
				rejection.Spec.Approver.Username, f.makePlan()))), true
		}
		if err != nil {
			blind = err
		}
	}
	if blind != nil {
		return hold(ReasonBlind, "the roles of who rejected could not be read: "+blind.Error()+f.look()), true
	}
	return Verdict{}, false
}

// held returns which of the roles an approver holds now.
func (f Facts) held(who capstan.Approver, roles []string) ([]string, error) {
	if f.Holds == nil {
		return nil, errors.New("nobody says who holds a role")
	}
	var held []string
	var failed error
	for _, role := range roles {
		switch holds, err := f.Holds(who, role); {
		case err != nil:
			failed = err
		case holds && role != "":
			held = append(held, role)
		}
	}
	return held, failed
}

// raised asks each rule for one person more where the authors of what the Plan brings cannot be told.
func (f Facts) raised(rules []capstan.ApprovalRule) []capstan.ApprovalRule {
	if !f.Plan.Spec.AuthorsUnknown || !f.Requirement.Exclude.CommitAuthors {
		return rules
	}
	raised := slices.Clone(rules)
	for i := range raised {
		raised[i].Required++
	}
	return raised
}

// plus returns what asks for the people of both.
func plus(a, b []capstan.ApprovalRule) []capstan.ApprovalRule { return summed(slices.Concat(a, b)) }

func rolesOf(rules []capstan.ApprovalRule) []string {
	roles := make([]string, 0, len(rules))
	for _, rule := range rules {
		roles = append(roles, rule.Role)
	}
	return roles
}

// wanted says in words who is missing.
func wanted(missing []argo.MissingApproval) string {
	parts := make([]string, 0, len(missing))
	for _, rule := range missing {
		parts = append(parts, fmt.Sprintf("%d of role %s", rule.Required-rule.Given, rule.Role))
	}
	return strings.Join(parts, " and ")
}
