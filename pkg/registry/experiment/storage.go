// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package experiment serves experiments and their subresource status.
package experiment

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// NewREST returns the storage of experiments and experiments/status.
func NewREST(
	scheme *runtime.Scheme, getter generic.RESTOptionsGetter,
) (*registry.REST, *registry.StatusREST, error) {
	main := newStrategy(scheme)
	experiments, err := registry.NewStore(getter, registry.Options{
		Resource:   v1alpha1.Resource("experiments"),
		Singular:   "experiment",
		ShortNames: []string{"exp"},
		New:        func() runtime.Object { return &v1alpha1.Experiment{} },
		NewList:    func() runtime.Object { return &v1alpha1.ExperimentList{} },
		Strategy:   main,
		Table:      newTable(),
	})
	if err != nil {
		return nil, nil, err
	}
	return experiments, registry.NewStatusREST(experiments, statusStrategy{main}), nil
}
