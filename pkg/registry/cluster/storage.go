// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cluster serves clusters and their status.
package cluster

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Provider makes the storage of clusters.
type Provider struct {
	Scheme *runtime.Scheme
	Gate   Gate
}

// Storage returns clusters and clusters/status.
func (p *Provider) Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	main := strategy{registry.NewStrategy(p.Scheme), registry.NewEquality()}
	clusters, err := registry.NewStore(getter, registry.Options{
		Resource: v1alpha1.Resource("clusters"),
		Singular: "cluster",
		New:      func() runtime.Object { return &v1alpha1.Cluster{} },
		NewList:  func() runtime.Object { return &v1alpha1.ClusterList{} },
		Strategy: main,
		Table:    newTable(),
	})
	if err != nil {
		return nil, err
	}
	return map[string]rest.Storage{
		"clusters":        registry.NewGuardedREST(clusters, tier{p.Gate}),
		"clusters/status": registry.NewStatusREST(clusters, statusStrategy{main}),
	}, nil
}

type column = registry.Column[*v1alpha1.Cluster]

func newTable() registry.Table[*v1alpha1.Cluster] {
	return registry.NewTable(v1alpha1.Resource("clusters"), []column{
		{Name: "Server", Description: "The URL of the API server.", Cell: func(cluster *v1alpha1.Cluster) any {
			return cluster.Spec.Server
		}},
		{Name: "Version", Description: "The version of the API server.", Cell: func(cluster *v1alpha1.Cluster) any {
			return cluster.Status.Version
		}},
		{Name: "Connection", Description: "Whether the cluster answers.", Cell: func(cluster *v1alpha1.Cluster) any {
			return string(cluster.Status.Connection.State)
		}},
		{Name: "Tier", Description: "How careful deployments there have to be.", Cell: func(cluster *v1alpha1.Cluster) any {
			return cluster.Spec.Tier
		}},
	}, []column{
		{Name: "UID", Description: "The UID of the cluster.", Cell: func(cluster *v1alpha1.Cluster) any {
			return string(cluster.Status.UID)
		}},
		{Name: "Message", Description: "Why the cluster does not answer.", Cell: func(cluster *v1alpha1.Cluster) any {
			return cluster.Status.Connection.Message
		}},
	})
}
