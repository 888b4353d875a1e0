// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"
	"strings"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// person is who approved a Plan, under whatever names.
type person struct {
	// identities are the names.
	identities []capstan.Approver
	// roles are what they approved as and hold now, among those that are asked for.
	roles []string
	// approvals are the names of the Approvals that count.
	approvals []string
}

// of returns the Approvals of one decision that name the Plan and its Application and are not revoked, by name.
func (f Facts) of(decision capstan.ApprovalDecision) []*capstan.Approval {
	var named []*capstan.Approval
	for _, approval := range f.Approvals {
		if approval == nil || approval.DeletionTimestamp != nil || approval.Namespace != f.Plan.Namespace {
			continue
		}
		spec := approval.Spec
		if spec.Decision == decision && spec.Plan == f.Plan.Name && spec.PlanDigest == f.Plan.Digest &&
			spec.Application.Name == f.Application.Name && spec.Application.UID == f.Application.UID {
			named = append(named, approval)
		}
	}
	slices.SortStableFunc(named, func(a, b *capstan.Approval) int { return strings.Compare(a.Name, b.Name) })
	return named
}

// people returns who approved the Plan with an approval that counts for one of the roles, each person once. blind says
// that somebody's roles could not be read; they count for nothing then.
func (f Facts) people(roles []string) (people []*person, blind error) {
	everybody := f.everybody()
	for _, approval := range f.of(capstan.DecisionApprove) {
		if !f.counts(approval) {
			continue
		}
		who := everybody[slices.IndexFunc(everybody, func(p *person) bool { return p.is(approval.Spec.Approver) })]
		if slices.ContainsFunc(who.identities, func(a capstan.Approver) bool { return f.party(a) != "" }) {
			continue
		}
		held, err := f.held(approval.Spec.Approver, roles)
		if err != nil {
			blind = err
		}
		held = slices.DeleteFunc(held, func(role string) bool { return !slices.Contains(approval.Spec.Roles, role) })
		if len(held) > 0 {
			who.roles = union(who.roles, held)
			who.approvals = append(who.approvals, approval.Name)
		}
	}
	people = slices.DeleteFunc(everybody, func(p *person) bool { return len(p.roles) == 0 })
	return people, blind
}

// everybody returns the people behind the approvals of the Plan. Who shares a name with one record and a UID with
// another is the same person as both.
func (f Facts) everybody() []*person {
	var everybody []*person
	for _, approval := range f.of(capstan.DecisionApprove) {
		joined := &person{identities: []capstan.Approver{approval.Spec.Approver}}
		everybody = slices.DeleteFunc(everybody, func(p *person) bool {
			if !p.is(approval.Spec.Approver) {
				return false
			}
			joined.identities = append(joined.identities, p.identities...)
			return true
		})
		everybody = append(everybody, joined)
	}
	return everybody
}

func (p *person) is(who capstan.Approver) bool {
	return slices.ContainsFunc(p.identities, func(a capstan.Approver) bool { return samePerson(a, who) })
}

// counts reports whether an approval is in force now and of somebody who may approve: from the moment at which it was
// made to just before it expires. One of the future is of a clock that is wrong, or forged.
func (f Facts) counts(approval *capstan.Approval) bool {
	made := approval.CreationTimestamp.Time
	reasoned := !f.Requirement.RequireReason || strings.TrimSpace(approval.Spec.Reason) != ""
	return f.faceless(approval.Spec.Approver) == "" && reasoned && approval.Status.UsedAt == nil &&
		!made.IsZero() && !made.After(f.Now) && f.Now.Before(made.Add(f.Requirement.ExpiresAfter))
}
