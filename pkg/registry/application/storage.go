// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Provider makes the storage of applications.
type Provider struct {
	Scheme   *runtime.Scheme
	Renderer Renderer
	Differ   Differ
	// Runs reads the SyncRuns that rollbacks refer to.
	Runs    Runs
	Trees   Trees
	Events  Events
	Logs    Logs
	Actions Actions
	// Gate, Planner and Approvals are the gate before production.
	Gate      Gate
	Planner   Planner
	Approvals Approvals
}

// Storage returns applications and all their subresources.
func (p *Provider) Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	main := newStrategy(p.Scheme)
	kept, err := newRecords(p.Scheme, getter)
	if err != nil {
		return nil, err
	}
	applications, err := registry.NewStore(getter, registry.Options{
		Resource:   v1alpha1.Resource("applications"),
		Singular:   "application",
		ShortNames: []string{"app", "apps"},
		New:        func() runtime.Object { return &v1alpha1.Application{} },
		NewList:    func() runtime.Object { return &v1alpha1.ApplicationList{} },
		Strategy:   main,
		Table:      newTable(),
		Attributes: attributes,
	})
	if err != nil {
		return nil, err
	}
	applications.Decorator = kept.fill
	applications.AfterDelete = func(object runtime.Object, _ *metav1.DeleteOptions) {
		ctx := context.Background()
		if err := kept.drop(ctx, registry.As[*v1alpha1.Application](object)); err != nil {
			klog.FromContext(ctx).Error(err, "The record of a deleted Application is left behind")
		}
	}
	acting := operations{store: withStrategy(applications.Store, operationStrategy{main}), gate: p.Gate}
	whole := recorded{applications.Store, kept}
	return map[string]rest.Storage{
		"applications":            &REST{applications, kept},
		"applications/status":     &StatusREST{registry.NewStatusREST(applications, statusStrategy{main}), kept},
		"applications/sync":       &SyncREST{acting},
		"applications/rollback":   &RollbackREST{acting, p.Runs},
		"applications/plan":       &PlanREST{whole, p.Planner},
		"applications/approve":    &ApprovalREST{whole, capstan.DecisionApprove, p.Approvals},
		"applications/reject":     &ApprovalREST{whole, capstan.DecisionReject, p.Approvals},
		"applications/breakglass": &ApprovalREST{whole, capstan.DecisionBreakGlass, p.Approvals},
		"applications/refresh":    &RefreshREST{acting},
		"applications/terminate":  &TerminateREST{acting},
		"applications/manifests":  &ManifestsREST{applications.Store, p.Renderer},
		"applications/diff":       &DiffREST{applications.Store, p.Differ},
		"applications/resources":  &ResourcesREST{applications.Store, kept},
		"applications/tree":       &TreeREST{whole, p.Trees},
		"applications/events":     &EventsREST{whole, p.Events},
		"applications/log":        &LogREST{whole, p.Logs},
		"applications/actions":    &ActionsREST{whole, p.Actions},
		"applications/action":     &ActionREST{whole, p.Actions},
	}, nil
}

// withStrategy returns another write surface of a store.
func withStrategy(store *genericregistry.Store, strategy registry.SurfaceStrategy) *genericregistry.Store {
	surface := *store
	surface.UpdateStrategy = strategy
	surface.ResetFieldsStrategy = strategy
	return &surface
}
