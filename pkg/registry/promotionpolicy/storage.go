// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package promotionpolicy serves promotionpolicies. What weakens a policy waits, the old spec staying in force in its
// status, until promotionpolicies/approve lets it through.
package promotionpolicy

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Gate tells who holds the roles that policies name, and how a verdict is answered.
type Gate interface {
	// Holds asks the host cluster anew whether somebody holds a role in every namespace.
	Holds(ctx context.Context, who v1alpha1.Approver, role string) (bool, error)
	// Tell has the audit log tell of a verdict.
	Tell(ctx context.Context, on schema.GroupResource, verdict gate.Verdict)
	// Answer turns a verdict into what the client hears.
	Answer(ctx context.Context, on schema.GroupResource, name string, verdict gate.Verdict) error
}

// Provider makes the storage of promotionpolicies.
type Provider struct {
	Scheme *runtime.Scheme
	Gate   Gate
}

// Storage returns promotionpolicies, with status and approve.
func (p *Provider) Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	main := strategy{registry.NewStrategy(p.Scheme), registry.NewEquality()}
	policies, err := registry.NewStore(getter, registry.Options{
		Resource:   v1alpha1.Resource("promotionpolicies"),
		Singular:   "promotionpolicy",
		ShortNames: []string{"policy", "policies"},
		New:        func() runtime.Object { return &v1alpha1.PromotionPolicy{} },
		NewList:    func() runtime.Object { return &v1alpha1.PromotionPolicyList{} },
		Strategy:   main,
		Table:      newTable(),
	})
	if err != nil {
		return nil, err
	}
	return map[string]rest.Storage{
		"promotionpolicies":         registry.NewGuardedREST(policies, waiting{p.Gate}),
		"promotionpolicies/status":  registry.NewStatusREST(policies, statusStrategy{main}),
		"promotionpolicies/approve": newApproveREST(policies, approveStrategy{main}, p.Gate),
	}, nil
}

type column = registry.Column[*v1alpha1.PromotionPolicy]

func newTable() registry.Table[*v1alpha1.PromotionPolicy] {
	return registry.NewTable(v1alpha1.Resource("promotionpolicies"), []column{
		{Name: "Approvals", Description: "Whose approval a change needs.", Cell: approvals},
		{Name: "Break-Glass", Type: "boolean", Description: "Whether there is a way around in an emergency.",
			Cell: func(policy *v1alpha1.PromotionPolicy) any { return gate.Effective(policy).BreakGlass != nil }},
		{Name: "Waiting", Description: "The digest of a change that weakens the policy and waits for approval.",
			Cell: func(policy *v1alpha1.PromotionPolicy) any {
				if change := gate.Waiting(policy); change != nil {
					return change.Digest
				}
				return ""
			}},
	}, []column{
		{Name: "Editor", Description: "Who changed it last.", Cell: func(policy *v1alpha1.PromotionPolicy) any {
			return policy.Status.Editor
		}},
	})
}
