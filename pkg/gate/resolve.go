// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// DefaultRole is the role of the approvers where a policy names none.
const DefaultRole = "approver"

// What holds where a policy says nothing.
const (
	defaultExpiry      = 24 * time.Hour
	defaultMaxCount    = 10
	defaultMaxPercent  = 30
	defaultMaxDuration = time.Hour
	defaultMinReason   = 10
	defaultReview      = 24 * time.Hour
)

// resolve fills in what a spec leaves out.
func resolve(spec capstan.PromotionPolicySpec) Requirement {
	rules := spec.Approvals
	if len(rules) == 0 {
		rules = []capstan.ApprovalRule{{Role: DefaultRole}}
	}
	return Requirement{
		Gated: true,
		Rules: summed(rules),
		Exclude: Exclusions{
			Requester:       or(spec.Exclude.Requester, true),
			CommitAuthors:   or(spec.Exclude.CommitAuthors, true),
			PolicyEditor:    or(spec.Exclude.PolicyEditor, true),
			ServiceAccounts: or(spec.Exclude.ServiceAccounts, true),
			Impersonated:    or(spec.Exclude.Impersonated, false),
		},
		RequireReason: spec.RequireReason,
		ExpiresAfter:  or(spec.ExpiresAfter, metav1.Duration{Duration: defaultExpiry}).Duration,
		Prune:         resolveLimits(spec.Prune),
		Rollback:      resolveRollback(spec.Rollback),
		BreakGlass:    resolveBreakGlass(spec.BreakGlass),
		Freezes:       resolveFreezes(spec.Freezes),
	}
}

func resolveLimits(limits capstan.PruneLimits) Limits {
	protected := limits.ProtectedKinds
	if len(protected) == 0 {
		protected = []string{
			"Namespace", "CustomResourceDefinition", "PersistentVolume", "PersistentVolumeClaim", "StatefulSet",
		}
	}
	resolved := Limits{
		MaxCount:   max(0, or(limits.MaxCount, defaultMaxCount)),
		MaxPercent: max(0, or(limits.MaxPercent, defaultMaxPercent)),
		Protected:  union(nil, protected),
	}
	if limits.Exceed != nil {
		resolved.Exceed = summed([]capstan.ApprovalRule{*limits.Exceed})
	}
	return resolved
}

func resolveRollback(rule *capstan.RollbackRule) *FastPath {
	if rule == nil {
		return nil
	}
	return &FastPath{Within: rule.HealthyWithin.Duration, Rules: summed(rule.Approvals)}
}

func resolveBreakGlass(rule *capstan.BreakGlassRule) *Emergency {
	if rule == nil {
		return nil
	}
	emergency := &Emergency{
		MaxDuration: or(rule.MaxDuration, metav1.Duration{Duration: defaultMaxDuration}).Duration,
		MinReason:   max(0, or(rule.MinReason, defaultMinReason)),

		ReviewWithin: or(rule.ReviewWithin, metav1.Duration{Duration: defaultReview}).Duration,
	}
	if rule.TicketPattern != "" {
		emergency.Tickets = []string{rule.TicketPattern}
	}
	return emergency
}

func or[T any](value *T, absent T) T {
	if value == nil {
		return absent
	}
	return *value
}
