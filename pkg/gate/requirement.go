// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	argo "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
)

// Subject is what policies choose by.
type Subject struct {
	// Application is the Application.
	Application *argo.Application
	// Tier is the tier of its destination, as TierOf says.
	Tier string
	// Namespace is the namespace in the destination; an Application without one may write to any.
	Namespace string
}

// Requirement is what a change of an Application needs, every default filled in; the zero value needs nothing.
type Requirement struct {
	// Gated says that a change needs anything at all.
	Gated bool
	// Policies are the names of the policies that gate it, in order; none is the built-in one.
	Policies []string
	// Editors are the names of those who last changed these policies.
	Editors []string
	// Rules are the people who are needed, one rule a role, by role.
	Rules []capstan.ApprovalRule
	// Exclude says whose approval does not count.
	Exclude Exclusions
	// RequireReason says that an approval without a reason does not count.
	RequireReason bool
	// ExpiresAfter is how long an approval holds.
	ExpiresAfter time.Duration
	// Prune bounds what a Plan deletes.
	Prune Limits
	// Rollback is what suffices for a rollback instead of Rules; nil is nothing less.
	Rollback *FastPath
	// BreakGlass bounds how the gate is broken; nil forbids it.
	BreakGlass *Emergency
	// Freezes are times at which no Plan is applied, in order.
	Freezes []Freeze
}

// Exclusions say whose approval does not count.
type Exclusions struct {
	Requester, CommitAuthors, PolicyEditor, ServiceAccounts, Impersonated bool
}

// Limits bound what one Plan deletes.
type Limits struct {
	// MaxCount is how many objects at most.
	MaxCount int32
	// MaxPercent is how many of a hundred deployed objects at most.
	MaxPercent int32
	// Protected are kinds that are not deleted, as Kind or Kind.group, in order.
	Protected []string
	// Exceed are the people who are needed besides where a Plan goes beyond; nil forbids it.
	Exceed []capstan.ApprovalRule
}

// FastPath is what suffices for a rollback.
type FastPath struct {
	// Within is how long ago at most the deployment to go back to ended well.
	Within time.Duration
	// Rules are the people who are needed; none lets the requester do it alone.
	Rules []capstan.ApprovalRule
}

// Emergency bounds how the gate is broken.
type Emergency struct {
	// MaxDuration is how long a grant holds at most.
	MaxDuration time.Duration
	// Tickets are regular expressions, all of which a ticket matches as a whole.
	Tickets []string
	// MinReason is how many characters a reason has at least.
	MinReason int32
	// ReviewWithin is how long after its use a grant has to have been reviewed at the latest.
	ReviewWithin time.Duration
}

// RequirementOf returns what a change of an Application needs whose destination is the cluster of a UID.
func RequirementOf(
	app *argo.Application, cluster types.UID, policies []*capstan.PromotionPolicy, clusters []*capstan.Cluster,
) Requirement {
	if !InUse(policies, clusters) {
		return Requirement{}
	}
	subject := Subject{
		Application: app, Tier: TierOf(cluster, clusters), Namespace: app.Spec.Destination.Namespace,
	}
	return Require(subject, policies)
}

// Require returns what a change of a subject needs: the join of all policies whose spec in force chooses it. Production
// that no policy chooses needs what BuiltIn says.
func Require(subject Subject, policies []*capstan.PromotionPolicy) Requirement {
	var requirement Requirement
	for _, policy := range policies {
		spec := Effective(policy)
		if !chooses(spec.Selectors, subject) {
			continue
		}
		own := resolve(spec)
		own.Policies = []string{policy.Name}
		if policy.Status.Editor != "" {
			own.Editors = []string{policy.Status.Editor}
		}
		requirement = requirement.Join(own)
	}
	if !requirement.Gated && subject.Tier == TierProduction {
		return resolve(BuiltIn())
	}
	return requirement
}

// Effective returns the spec of a policy that is in force.
func Effective(policy *capstan.PromotionPolicy) capstan.PromotionPolicySpec {
	if policy.Status.Effective != nil {
		return *policy.Status.Effective
	}
	return policy.Spec
}

// BuiltIn returns the policy of production that no other policy chooses: one person of the role approver.
func BuiltIn() capstan.PromotionPolicySpec {
	return capstan.PromotionPolicySpec{Selectors: []capstan.GateSelector{{Tiers: []string{TierProduction}}}}
}
