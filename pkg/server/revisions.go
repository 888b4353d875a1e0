// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// revisions reads what Rollouts have run. It asks their cluster itself: the caches are filled in the replica that
// leads, and people ask all.
type revisions struct {
	// host is nil in a detached server.
	host     kubernetes.Interface
	clusters *cluster.Clusters
}

// Sets returns the ReplicaSets that a Rollout controls.
func (r revisions) Sets(ctx context.Context, object *argov1alpha1.Rollout) ([]appsv1.ReplicaSet, error) {
	client, err := r.client(ctx, object)
	if err != nil {
		return nil, err
	}
	list, err := client.AppsV1().ReplicaSets(object.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: argov1alpha1.LabelPodTemplateHash,
	})
	if err != nil {
		return nil, fmt.Errorf("list the ReplicaSets of Rollout %s/%s: %w", object.Namespace, object.Name, err)
	}
	return slices.DeleteFunc(list.Items, func(set appsv1.ReplicaSet) bool {
		return !rollout.Owns(object, &set)
	}), nil
}

// client reaches the cluster of a Rollout's pods.
func (r revisions) client(ctx context.Context, object *argov1alpha1.Rollout) (kubernetes.Interface, error) {
	name := rollout.ClusterOf(object)
	if name == "" && r.host == nil {
		return nil, apierrors.NewServiceUnavailable("this server has no cluster in which Rollouts run pods")
	}
	if name == "" {
		return r.host, nil
	}
	known, err := r.clusters.ByName(name)
	if err != nil {
		return nil, apierrors.NewServiceUnavailable(err.Error())
	}
	clients, err := known.Clients(ctx)
	if err != nil {
		return nil, apierrors.NewServiceUnavailable(err.Error())
	}
	return clients.Calls.Typed, nil
}
