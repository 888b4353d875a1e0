// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"slices"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// Weaker says, a sentence each, what a policy would let through after a change that it held before; after is nil where
// it is deleted, and before is empty where it is created. What it cannot tell to be as strict, such as another pattern
// of tickets, it takes for weaker.
func Weaker(before capstan.PromotionPolicySpec, after *capstan.PromotionPolicySpec) []string {
	if after == nil {
		if len(before.Selectors) == 0 {
			return nil
		}
		return []string{"the policy is deleted, and what it chose is held no more by it"}
	}
	var weaker []string
	for i, selector := range before.Selectors {
		if !covered(selector, after.Selectors) {
			weaker = append(weaker, fmt.Sprintf("what spec.selectors[%d] chose is not all chosen any more", i))
		}
	}
	if len(before.Selectors) > 0 {
		weaker = append(weaker, resolve(before).Eased(resolve(*after))...)
	}
	return append(weaker, replacesBuiltIn(before, *after)...)
}

// replacesBuiltIn says what a policy lets through that the built-in one held, where it chooses Applications of
// production that it did not choose before, and that nothing else may choose.
func replacesBuiltIn(before, after capstan.PromotionPolicySpec) []string {
	takes := slices.ContainsFunc(after.Selectors, func(s capstan.GateSelector) bool {
		return among(s.Tiers, TierProduction) && !covered(s, before.Selectors)
	})
	if !takes {
		return nil
	}
	eased := resolve(BuiltIn()).Eased(resolve(after))
	for i := range eased {
		eased[i] = "for production that was gated by the built-in policy alone, " + eased[i]
	}
	return eased
}

// Eased says, a sentence each, in which fields after asks for less; nothing means that whatever after lets through, r
// lets through.
func (r Requirement) Eased(after Requirement) []string {
	switch {
	case !r.Gated:
		return nil
	case !after.Gated:
		return []string{"nothing is asked for any more"}
	}
	eased := easedRules("", r.Rules, after.Rules)
	eased = append(eased, r.Exclude.eased(after.Exclude)...)
	if r.RequireReason && !after.RequireReason {
		eased = append(eased, "approvals need no reason any more")
	}
	if after.ExpiresAfter > r.ExpiresAfter {
		eased = append(eased, fmt.Sprintf("approvals hold for %s rather than %s", after.ExpiresAfter, r.ExpiresAfter))
	}
	eased = append(eased, r.Prune.eased(after.Prune)...)
	eased = append(eased, r.Rollback.eased(after.Rollback)...)
	eased = append(eased, r.BreakGlass.eased(after.BreakGlass)...)
	return append(eased, easedFreezes(r.Freezes, after.Freezes)...)
}

// easedRules compares rules by their roles.
func easedRules(where string, before, after []capstan.ApprovalRule) []string {
	var eased []string
	for _, rule := range before {
		needed := int32(0)
		if at := slices.Index(rolesOf(after), rule.Role); at >= 0 {
			needed = after[at].Required
		}
		if needed < rule.Required {
			eased = append(eased, fmt.Sprintf("%s%d rather than %d of role %s are needed",
				where, needed, rule.Required, rule.Role))
		}
	}
	return eased
}

func (e Exclusions) eased(after Exclusions) []string {
	var eased []string
	for _, exclusion := range []struct {
		whose   string
		was, is bool
	}{
		{"who asked for the Plan", e.Requester, after.Requester},
		{"authors of commits", e.CommitAuthors, after.CommitAuthors},
		{"editors of policies", e.PolicyEditor, after.PolicyEditor},
		{"service accounts", e.ServiceAccounts, after.ServiceAccounts},
		{"who is impersonated", e.Impersonated, after.Impersonated},
	} {
		if exclusion.was && !exclusion.is {
			eased = append(eased, "approvals of "+exclusion.whose+" count")
		}
	}
	return eased
}
