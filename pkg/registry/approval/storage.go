// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package approval serves approvals, the records of what people said of Plans.
package approval

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Provider makes the storage of approvals.
type Provider struct{ Scheme *runtime.Scheme }

// Storage returns approvals and approvals/status.
func (p *Provider) Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	main := strategy{registry.NewStrategy(p.Scheme)}
	approvals, err := registry.NewStore(getter, registry.Options{
		Resource:   v1alpha1.Resource("approvals"),
		Singular:   "approval",
		New:        func() runtime.Object { return &v1alpha1.Approval{} },
		NewList:    func() runtime.Object { return &v1alpha1.ApprovalList{} },
		Strategy:   main,
		Table:      newTable(),
		Attributes: attributes,
	})
	if err != nil {
		return nil, err
	}
	return map[string]rest.Storage{
		"approvals":        approvals,
		"approvals/status": registry.NewStatusREST(approvals, statusStrategy{main}),
	}, nil
}

func reviewer(approval *v1alpha1.Approval) any {
	if approval.Status.Review == nil {
		return ""
	}
	return approval.Status.Review.Reviewer.Username
}

type column = registry.Column[*v1alpha1.Approval]

func newTable() registry.Table[*v1alpha1.Approval] {
	return registry.NewTable(v1alpha1.Resource("approvals"), []column{
		{Name: "Application", Description: "What it is about.", Cell: func(approval *v1alpha1.Approval) any {
			return approval.Spec.Application.Name
		}},
		{Name: "Plan", Description: "What was read.", Cell: func(approval *v1alpha1.Approval) any {
			return approval.Spec.Plan
		}},
		{Name: "Decision", Description: "What was said.", Cell: func(approval *v1alpha1.Approval) any {
			return string(approval.Spec.Decision)
		}},
		{Name: "Approver", Description: "Who said it.", Cell: func(approval *v1alpha1.Approval) any {
			return approval.Spec.Approver.Username
		}},
		{Name: "Used", Type: "boolean", Description: "Whether the Plan was applied.",
			Cell: func(approval *v1alpha1.Approval) any { return approval.Status.UsedAt != nil }},
	}, []column{
		{Name: "Reviewer", Description: "Who reviewed the emergency.", Cell: reviewer},
		{Name: "Reason", Description: "Why.", Cell: func(approval *v1alpha1.Approval) any { return approval.Spec.Reason }},
	})
}
