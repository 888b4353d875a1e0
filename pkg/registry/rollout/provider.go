// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Revisions reads what a Rollout has run.
type Revisions interface {
	// Sets returns the ReplicaSets that a Rollout controls, as they are now.
	Sets(ctx context.Context, rollout *v1alpha1.Rollout) ([]appsv1.ReplicaSet, error)
}

// Gate guards production.
type Gate interface {
	// Override fails where somebody may not skip what the steps of a Rollout ask for, or leave its desired template.
	Override(ctx context.Context, rollout *v1alpha1.Rollout, who user.Info) error
}

// Recorder emits Events about Rollouts.
type Recorder interface {
	Eventf(regarding, related runtime.Object, eventtype, reason, action, note string, args ...any)
}

// Provider makes the storage of rollouts.
type Provider struct {
	Scheme    *runtime.Scheme
	Revisions Revisions
	Gate      Gate
	Recorder  Recorder
	// Authorizer says who may write what to rollouts/status, run pods in which cluster, and have which workload driven.
	Authorizer authorizer.UnconditionalAuthorizer
}

// Storage returns rollouts and all their subresources.
func (p *Provider) Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	rollouts, status, scale, err := NewREST(p.Scheme, getter)
	if err != nil {
		return nil, err
	}
	asking := people{authorizer: p.Authorizer, gate: p.Gate, recorder: p.Recorder}
	served := map[string]rest.Storage{
		"rollouts": registry.NewGuardedREST(rollouts,
			registry.Placed{Resource: rollouts.DefaultQualifiedResource, Authorizer: p.Authorizer}, driver{p.Authorizer}),
		"rollouts/status": &StatusREST{status, asking}, "rollouts/scale": scale,
	}
	acting := *rollouts.Store
	surface := actionStrategy{newStrategy(p.Scheme)}
	acting.UpdateStrategy, acting.ResetFieldsStrategy = surface, surface
	for name, action := range actions(p.Revisions) {
		served["rollouts/"+name] = &ActionREST{store: &acting, people: asking, name: name, action: action}
	}
	return served, nil
}
