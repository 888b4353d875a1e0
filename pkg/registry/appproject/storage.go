// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package appproject serves appprojects.
package appproject

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Provider makes the storage of appprojects.
type Provider struct{ Scheme *runtime.Scheme }

// Storage returns appprojects.
func (p *Provider) Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	resource := v1alpha1.Resource("appprojects")
	projects, err := registry.NewStore(getter, registry.Options{
		Resource:   resource,
		Singular:   "appproject",
		ShortNames: []string{"appproj", "appprojs"},
		New:        func() runtime.Object { return &v1alpha1.AppProject{} },
		NewList:    func() runtime.Object { return &v1alpha1.AppProjectList{} },
		Strategy:   strategy{registry.NewStrategy(p.Scheme), registry.NewEquality()},
		Table: registry.NewTable(resource, nil, []registry.Column[*v1alpha1.AppProject]{
			{Name: "Repositories", Description: "What may be read.", Cell: func(project *v1alpha1.AppProject) any {
				return strings.Join(project.Spec.SourceRepos, ",")
			}},
			{Name: "Description", Description: "What the project is for.", Cell: func(project *v1alpha1.AppProject) any {
				return project.Spec.Description
			}},
		}),
	})
	if err != nil {
		return nil, err
	}
	return map[string]rest.Storage{"appprojects": projects}, nil
}
