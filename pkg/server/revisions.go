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
)

// revisions reads what Rollouts have run. It asks the host cluster itself: the caches are filled in the replica that
// leads, and people ask all.
type revisions struct {
	// host is nil in a detached server.
	host kubernetes.Interface
}

// Sets returns the ReplicaSets that a Rollout controls.
func (r revisions) Sets(ctx context.Context, rollout *argov1alpha1.Rollout) ([]appsv1.ReplicaSet, error) {
	if r.host == nil {
		return nil, apierrors.NewServiceUnavailable("this server has no cluster in which Rollouts run pods")
	}
	list, err := r.host.AppsV1().ReplicaSets(rollout.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: argov1alpha1.LabelPodTemplateHash,
	})
	if err != nil {
		return nil, fmt.Errorf("list the ReplicaSets of Rollout %s/%s: %w", rollout.Namespace, rollout.Name, err)
	}
	return slices.DeleteFunc(list.Items, func(set appsv1.ReplicaSet) bool {
		return !metav1.IsControlledBy(&set, rollout)
	}), nil
}
