// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package clusteranalysistemplate serves clusteranalysistemplates.
package clusteranalysistemplate

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// NewREST returns the storage of clusteranalysistemplates.
func NewREST(scheme *runtime.Scheme, getter generic.RESTOptionsGetter) (*registry.REST, error) {
	resource := v1alpha1.Resource("clusteranalysistemplates")
	return registry.NewStore(getter, registry.Options{
		Resource:   resource,
		Singular:   "clusteranalysistemplate",
		ShortNames: []string{"cat"},
		New:        func() runtime.Object { return &v1alpha1.ClusterAnalysisTemplate{} },
		NewList:    func() runtime.Object { return &v1alpha1.ClusterAnalysisTemplateList{} },
		Strategy:   newStrategy(scheme),
		Table:      registry.NewTable[*v1alpha1.ClusterAnalysisTemplate](resource, nil, nil),
	})
}
