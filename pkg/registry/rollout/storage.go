// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rollout serves rollouts and their subresources status and scale.
package rollout

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// NewREST returns the storage of rollouts, rollouts/status and rollouts/scale.
func NewREST(
	scheme *runtime.Scheme, getter generic.RESTOptionsGetter,
) (*registry.REST, *registry.StatusREST, *ScaleREST, error) {
	main := newStrategy(scheme)
	rollouts, err := registry.NewStore(getter, registry.Options{
		Resource:   v1alpha1.Resource("rollouts"),
		Singular:   "rollout",
		ShortNames: []string{"ro"},
		New:        func() runtime.Object { return &v1alpha1.Rollout{} },
		NewList:    func() runtime.Object { return &v1alpha1.RolloutList{} },
		Strategy:   main,
		Table:      newTable(),
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return rollouts, registry.NewStatusREST(rollouts, statusStrategy{main}), &ScaleREST{rollouts: rollouts}, nil
}
