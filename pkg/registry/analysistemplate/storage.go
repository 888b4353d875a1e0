// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package analysistemplate serves analysistemplates.
package analysistemplate

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// NewREST returns the storage of analysistemplates.
func NewREST(scheme *runtime.Scheme, getter generic.RESTOptionsGetter) (*registry.REST, error) {
	resource := v1alpha1.Resource("analysistemplates")
	return registry.NewStore(getter, registry.Options{
		Resource:   resource,
		Singular:   "analysistemplate",
		ShortNames: []string{"at"},
		New:        func() runtime.Object { return &v1alpha1.AnalysisTemplate{} },
		NewList:    func() runtime.Object { return &v1alpha1.AnalysisTemplateList{} },
		Strategy:   newStrategy(scheme),
		Table:      registry.NewTable[*v1alpha1.AnalysisTemplate](resource, nil, nil),
	})
}
