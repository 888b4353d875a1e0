// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package applicationset serves applicationsets and their status.
package applicationset

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Provider makes the storage of applicationsets.
type Provider struct{ Scheme *runtime.Scheme }

// Storage returns applicationsets and applicationsets/status.
func (p *Provider) Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	main := strategy{registry.NewStrategy(p.Scheme), registry.NewEquality()}
	sets, err := registry.NewStore(getter, registry.Options{
		Resource:   v1alpha1.Resource("applicationsets"),
		Singular:   "applicationset",
		ShortNames: []string{"appset", "appsets"},
		New:        func() runtime.Object { return &v1alpha1.ApplicationSet{} },
		NewList:    func() runtime.Object { return &v1alpha1.ApplicationSetList{} },
		Strategy:   main,
		Table:      newTable(),
	})
	if err != nil {
		return nil, err
	}
	return map[string]rest.Storage{
		"applicationsets":        sets,
		"applicationsets/status": registry.NewStatusREST(sets, statusStrategy{main}),
	}, nil
}

func newTable() registry.Table[*v1alpha1.ApplicationSet] {
	return registry.NewTable(v1alpha1.Resource("applicationsets"), []registry.Column[*v1alpha1.ApplicationSet]{
		{
			Name: "Applications", Type: "integer", Description: "How many Applications were generated.",
			Cell: func(set *v1alpha1.ApplicationSet) any { return set.Status.ResourcesCount },
		},
		{Name: "Status", Description: "Whether the Applications are up to date.", Cell: summary},
	}, nil)
}

// summary is the error, where there is one, else whether all is as generated.
func summary(set *v1alpha1.ApplicationSet) any {
	upToDate := ""
	for _, condition := range set.Status.Conditions {
		isTrue := condition.Status == v1alpha1.ApplicationSetConditionStatusTrue
		switch {
		case condition.Type == v1alpha1.ApplicationSetConditionErrorOccurred && isTrue:
			return condition.Reason
		case condition.Type == v1alpha1.ApplicationSetConditionResourcesUpToDate && isTrue:
			upToDate = "UpToDate"
		}
	}
	return upToDate
}
