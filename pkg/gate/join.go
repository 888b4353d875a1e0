// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"
	"strings"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// Join returns what is at least as strict as both in each field. A request that changes what gates an Application is
// judged at the join of what gated it before and what would after.
func (r Requirement) Join(other Requirement) Requirement {
	if !r.Gated {
		return other
	}
	if !other.Gated {
		return r
	}
	return Requirement{
		Gated:         true,
		Policies:      union(r.Policies, other.Policies),
		Editors:       union(r.Editors, other.Editors),
		Rules:         strictest(r.Rules, other.Rules),
		Exclude:       r.Exclude.join(other.Exclude),
		RequireReason: r.RequireReason || other.RequireReason,
		ExpiresAfter:  min(r.ExpiresAfter, other.ExpiresAfter),
		Prune:         r.Prune.join(other.Prune),
		Rollback:      r.Rollback.join(other.Rollback),
		BreakGlass:    r.BreakGlass.join(other.BreakGlass),
		Freezes:       allFreezes(r.Freezes, other.Freezes),
	}
}

func (e Exclusions) join(other Exclusions) Exclusions {
	return Exclusions{
		Requester:       e.Requester || other.Requester,
		CommitAuthors:   e.CommitAuthors || other.CommitAuthors,
		PolicyEditor:    e.PolicyEditor || other.PolicyEditor,
		ServiceAccounts: e.ServiceAccounts || other.ServiceAccounts,
		Impersonated:    e.Impersonated || other.Impersonated,
	}
}

func (l Limits) join(other Limits) Limits {
	joined := Limits{
		MaxCount:   min(l.MaxCount, other.MaxCount),
		MaxPercent: min(l.MaxPercent, other.MaxPercent),
		Protected:  union(l.Protected, other.Protected),
	}
	if l.Exceed != nil && other.Exceed != nil {
		joined.Exceed = strictest(l.Exceed, other.Exceed)
	}
	return joined
}

func (f *FastPath) join(other *FastPath) *FastPath {
	if f == nil || other == nil {
		return nil
	}
	return &FastPath{Within: min(f.Within, other.Within), Rules: strictest(f.Rules, other.Rules)}
}

func (e *Emergency) join(other *Emergency) *Emergency {
	if e == nil || other == nil {
		return nil
	}
	return &Emergency{
		MaxDuration: min(e.MaxDuration, other.MaxDuration),
		Tickets:     union(e.Tickets, other.Tickets),
		MinReason:   max(e.MinReason, other.MinReason),

		ReviewWithin: min(e.ReviewWithin, other.ReviewWithin),
	}
}

// summed returns one rule a role: within one policy, each rule asks for other people.
func summed(rules []capstan.ApprovalRule) []capstan.ApprovalRule {
	return merge(rules, func(a, b int32) int32 { return int32(min(int64(a)+int64(b), maxRequired)) })
}

// strictest returns one rule a role: two policies may ask for the same people.
func strictest(a, b []capstan.ApprovalRule) []capstan.ApprovalRule {
	return merge(slices.Concat(a, b), func(a, b int32) int32 { return max(a, b) })
}

// maxRequired is more people than ever approve anything, and far from what an int32 cannot hold.
const maxRequired = 1 << 30

func merge(rules []capstan.ApprovalRule, both func(a, b int32) int32) []capstan.ApprovalRule {
	merged := make([]capstan.ApprovalRule, 0, len(rules))
	for _, rule := range rules {
		rule.Required = min(max(rule.Required, 1), maxRequired)
		at, found := slices.BinarySearchFunc(merged, rule.Role, func(r capstan.ApprovalRule, role string) int {
			return strings.Compare(r.Role, role)
		})
		if found {
			merged[at].Required = both(merged[at].Required, rule.Required)
		} else {
			merged = slices.Insert(merged, at, rule)
		}
	}
	return merged
}

// union returns what is in either, each once and in order, nil where nothing is.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
