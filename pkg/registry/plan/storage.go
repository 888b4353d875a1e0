// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan serves plans, the records of what syncs of gated Applications would do, and their manifests.
package plan

import (
	"context"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/klog/v2"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Provider makes the storage of plans.
type Provider struct {
	Scheme *runtime.Scheme
	// manifests are those of the storage, once it is made.
	manifests *ManifestsREST
}

// Sweep deletes manifests that no Plan names. It does nothing before there is a storage.
func (p *Provider) Sweep(ctx context.Context) error {
	if p.manifests == nil {
		return nil
	}
	return p.manifests.sweep(ctx)
}

// Storage returns plans, plans/status and plans/manifests.
func (p *Provider) Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	main := strategy{registry.NewStrategy(p.Scheme)}
	plans, err := registry.NewStore(getter, registry.Options{
		Resource:   v1alpha1.Resource("plans"),
		Singular:   "plan",
		New:        func() runtime.Object { return &v1alpha1.Plan{} },
		NewList:    func() runtime.Object { return &v1alpha1.PlanList{} },
		Strategy:   main,
		Table:      newTable(),
		Attributes: attributes,
	})
	if err != nil {
		return nil, err
	}
	if p.manifests, err = newManifests(p.Scheme, getter, plans.Store); err != nil {
		return nil, err
	}
	plans.AfterDelete = func(object runtime.Object, _ *metav1.DeleteOptions) {
		ctx := context.Background()
		if err := p.manifests.release(ctx, registry.As[*v1alpha1.Plan](object)); err != nil {
			klog.FromContext(ctx).Error(err, "The manifests of a deleted Plan are left behind")
		}
	}
	return map[string]rest.Storage{
		"plans":           plans,
		"plans/status":    registry.NewStatusREST(plans, statusStrategy{main}),
		"plans/manifests": p.manifests,
	}, nil
}

type column = registry.Column[*v1alpha1.Plan]

func newTable() registry.Table[*v1alpha1.Plan] {
	return registry.NewTable(v1alpha1.Resource("plans"), []column{
		{Name: "Application", Description: "What would be synced.", Cell: func(plan *v1alpha1.Plan) any {
			return plan.Spec.Application.Name
		}},
		{Name: "Kind", Description: "What it is for.", Cell: func(plan *v1alpha1.Plan) any { return string(plan.Spec.Kind) }},
		{Name: "Revision", Description: "The commit.", Cell: func(plan *v1alpha1.Plan) any {
			return plan.Spec.Revision[:min(7, len(plan.Spec.Revision))]
		}},
		{Name: "Changes", Description: "How many objects would be created, updated and deleted.", Cell: changes},
		{Name: "Phase", Description: "What became of it.", Cell: func(plan *v1alpha1.Plan) any {
			return string(plan.Status.Phase)
		}},
		{Name: "Missing", Description: "Whose approval is missing.", Cell: func(plan *v1alpha1.Plan) any {
			return Missing(plan.Status.Missing)
		}},
	}, []column{
		{Name: "Requester", Description: "Who asked.", Cell: func(plan *v1alpha1.Plan) any {
			if plan.Spec.Requester.Automated {
				return "automated"
			}
			return plan.Spec.Requester.Username
		}},
		{Name: "Digest", Description: "What to approve.", Cell: func(plan *v1alpha1.Plan) any { return plan.Digest }},
	})
}

// changes sums up a Plan, as "+1 ~2 -3".
func changes(plan *v1alpha1.Plan) any {
	created, updated, deleted := 0, 0, 0
	for _, change := range plan.Spec.Changes {
		switch change.Action {
		case v1alpha1.ActionPrune:
			deleted++
		case v1alpha1.ActionUpdate, v1alpha1.ActionRecreate:
			updated++
		default:
			created++
		}
	}
	return summary(created, updated, deleted)
}

// Missing prints the rules that are not met, as "approver 0/1".
func Missing(rules []argov1alpha1.MissingApproval) string {
	shown := make([]string, 0, len(rules))
	for _, rule := range rules {
		shown = append(shown, fraction(rule))
	}
	return strings.Join(shown, ", ")
}
