// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package syncrun serves syncruns, the records of syncs.
package syncrun

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Provider makes the storage of syncruns.
type Provider struct {
	Scheme *runtime.Scheme
	// Retention is how long a record is kept; zero keeps it for ever.
	Retention time.Duration
}

// Storage returns syncruns.
func (p *Provider) Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	runs, err := registry.NewStore(getter, registry.Options{
		Resource:   v1alpha1.Resource("syncruns"),
		Singular:   "syncrun",
		ShortNames: []string{"run", "runs"},
		New:        func() runtime.Object { return &v1alpha1.SyncRun{} },
		NewList:    func() runtime.Object { return &v1alpha1.SyncRunList{} },
		Strategy:   strategy{registry.NewStrategy(p.Scheme)},
		Table:      newTable(),
		Attributes: attributes,
	})
	if err != nil {
		return nil, err
	}
	if p.Retention > 0 {
		// The store forgets by itself: no sweep, and no write that costs a request.
		runs.TTLFunc = func(runtime.Object, uint64, bool) (uint64, error) {
			return uint64(p.Retention / time.Second), nil
		}
	}
	return map[string]rest.Storage{"syncruns": runs}, nil
}

type column = registry.Column[*v1alpha1.SyncRun]

func newTable() registry.Table[*v1alpha1.SyncRun] {
	return registry.NewTable(v1alpha1.Resource("syncruns"), []column{
		{Name: "Application", Description: "What was synced.", Cell: func(run *v1alpha1.SyncRun) any {
			return run.Spec.Application.Name
		}},
		{Name: "Trigger", Description: "Why.", Cell: func(run *v1alpha1.SyncRun) any { return string(run.Spec.Trigger) }},
		{Name: "Requester", Description: "Who asked.", Cell: requester},
		{Name: "Revision", Description: "The commit.", Cell: func(run *v1alpha1.SyncRun) any {
			return run.Spec.Revision[:min(7, len(run.Spec.Revision))]
		}},
		{Name: "Phase", Description: "How it ended.", Cell: func(run *v1alpha1.SyncRun) any {
			return string(run.Status.Phase)
		}},
	}, []column{
		{Name: "Destination", Description: "The cluster.", Cell: func(run *v1alpha1.SyncRun) any {
			return run.Spec.Destination.Name
		}},
		{Name: "Message", Description: "What is to be said of it.", Cell: func(run *v1alpha1.SyncRun) any {
			return run.Status.Message
		}},
	})
}

func requester(run *v1alpha1.SyncRun) any {
	if run.Spec.Requester.Automated {
		return "automated"
	}
	return run.Spec.Requester.Username
}
