// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package appproject sees to it that the project "default" exists.
//
// Input: the control-plane namespace. Output: an AppProject that permits everything, as
// Argo CD makes it (3.6: server/server.go). Invariants: one that exists is never changed.
package appproject

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
)

// retryEvery is how long to wait while the namespace is not there yet.
const retryEvery = 2 * time.Second

// EnsureDefault creates the project "default" in namespace unless it is there, and tries
// until it succeeds or ctx ends.
func EnsureDefault(ctx context.Context, client versioned.Interface, namespace string) error {
	return wait.PollUntilContextCancel(ctx, retryEvery, true, func(ctx context.Context) (bool, error) {
		if err := ensureDefault(ctx, client, namespace); err != nil {
			klog.FromContext(ctx).V(2).Info("The default project cannot be made yet", "err", err)
			return false, nil
		}
		return true, nil
	})
}

func ensureDefault(ctx context.Context, client versioned.Interface, namespace string) error {
	projects := client.ArgoprojV1alpha1().AppProjects(namespace)
	_, err := projects.Get(ctx, v1alpha1.DefaultProject, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		return err
	}
	_, err = projects.Create(ctx, &v1alpha1.AppProject{
		ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.DefaultProject},
		Spec: v1alpha1.AppProjectSpec{
			SourceRepos:              []string{"*"},
			Destinations:             []v1alpha1.ApplicationDestination{{Server: "*", Namespace: "*"}},
			ClusterResourceWhitelist: []v1alpha1.ClusterResourceRestrictionItem{{Group: "*", Kind: "*"}},
		},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create AppProject %s: %w", v1alpha1.DefaultProject, err)
	}
	return nil
}
