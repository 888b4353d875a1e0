// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package analysisrun serves analysisruns and their subresource status.
package analysisrun

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// NewREST returns the storage of analysisruns and analysisruns/status.
func NewREST(
	scheme *runtime.Scheme, getter generic.RESTOptionsGetter,
) (*registry.REST, *registry.StatusREST, error) {
	main := newStrategy(scheme)
	runs, err := registry.NewStore(getter, registry.Options{
		Resource:   v1alpha1.Resource("analysisruns"),
		Singular:   "analysisrun",
		ShortNames: []string{"ar"},
		New:        func() runtime.Object { return &v1alpha1.AnalysisRun{} },
		NewList:    func() runtime.Object { return &v1alpha1.AnalysisRunList{} },
		Strategy:   main,
		Table:      newTable(),
	})
	if err != nil {
		return nil, nil, err
	}
	return runs, registry.NewStatusREST(runs, statusStrategy{main}), nil
}
