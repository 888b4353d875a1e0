// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"

	v1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	argoprojv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// ManifestsAt answers as GetManifests does, whatever the revision.
func (c *fakeApplications) ManifestsAt(
	ctx context.Context, name string, _ argoprojv1alpha1.ApplicationManifestsOptions,
) (*argoprojv1alpha1.ApplicationManifests, error) {
	return c.GetManifests(ctx, name, v1.GetOptions{})
}

// DiffAt answers as GetDiff does, whatever the revision.
func (c *fakeApplications) DiffAt(
	ctx context.Context, name string, _ argoprojv1alpha1.ApplicationDiffOptions,
) (*argoprojv1alpha1.ApplicationDiff, error) {
	return c.GetDiff(ctx, name, v1.GetOptions{})
}

// ActionsOf answers without actions: a fake has no destination.
func (c *fakeApplications) ActionsOf(
	context.Context, string, argoprojv1alpha1.ApplicationActionsOptions,
) (*argoprojv1alpha1.ApplicationActions, error) {
	return &argoprojv1alpha1.ApplicationActions{}, nil
}
