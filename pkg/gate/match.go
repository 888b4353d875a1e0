// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// match gives as many people as it can a rule each, and returns the rules that lack some and the Approvals of those who
// were given one. To take people as they come would call a quorum missed that others could have met.
func match(rules []capstan.ApprovalRule, people []*person) (missing []argo.MissingApproval, used []string) {
	given := make([][]*person, len(rules))
	for _, who := range people {
		seat(who, rules, given, make([]bool, len(rules)))
	}
	for i, rule := range rules {
		if lack := rule.Required - int32(len(given[i])); lack > 0 {
			missing = append(missing, argo.MissingApproval{
				Role: rule.Role, Required: rule.Required, Given: int32(len(given[i])),
			})
		}
		for _, who := range given[i] {
			used = union(used, who.approvals)
		}
	}
	return missing, used
}

// seat gives a person a rule, and who has it now another, if need be (an augmenting path).
func seat(who *person, rules []capstan.ApprovalRule, given [][]*person, tried []bool) bool {
	for i, rule := range rules {
		if tried[i] || !slices.Contains(who.roles, rule.Role) {
			continue
		}
		tried[i] = true
		if int64(len(given[i])) < int64(rule.Required) {
			given[i] = append(given[i], who)
			return true
		}
		for j, other := range given[i] {
			if seat(other, rules, given, tried) {
				given[i][j] = who
				return true
			}
		}
	}
	return false
}
