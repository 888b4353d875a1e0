// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"context"

	argoprojv1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// ApplicationExpansion holds the reads whose query options client-gen cannot express.
type ApplicationExpansion interface {
	// ManifestsAt returns what a sync to the revision of the options would apply.
	ManifestsAt(
		ctx context.Context, name string, options argoprojv1alpha1.ApplicationManifestsOptions,
	) (*argoprojv1alpha1.ApplicationManifests, error)
	// DiffAt returns what a sync to the revision of the options would change.
	DiffAt(
		ctx context.Context, name string, options argoprojv1alpha1.ApplicationDiffOptions,
	) (*argoprojv1alpha1.ApplicationDiff, error)
	// ActionsOf returns the actions of the resource of the options.
	ActionsOf(
		ctx context.Context, name string, options argoprojv1alpha1.ApplicationActionsOptions,
	) (*argoprojv1alpha1.ApplicationActions, error)
}

// ManifestsAt returns what a sync to the revision of the options would apply.
func (c *applications) ManifestsAt(
	ctx context.Context, name string, options argoprojv1alpha1.ApplicationManifestsOptions,
) (*argoprojv1alpha1.ApplicationManifests, error) {
	result := &argoprojv1alpha1.ApplicationManifests{}
	err := c.GetClient().Get().Namespace(c.GetNamespace()).Resource("applications").Name(name).
		SubResource("manifests").Param("revision", options.Revision).Do(ctx).Into(result)
	return result, err
}

// DiffAt returns what a sync to the revision of the options would change.
func (c *applications) DiffAt(
	ctx context.Context, name string, options argoprojv1alpha1.ApplicationDiffOptions,
) (*argoprojv1alpha1.ApplicationDiff, error) {
	result := &argoprojv1alpha1.ApplicationDiff{}
	err := c.GetClient().Get().Namespace(c.GetNamespace()).Resource("applications").Name(name).
		SubResource("diff").Param("revision", options.Revision).Do(ctx).Into(result)
	return result, err
}

// ActionsOf returns the actions of the resource of the options.
func (c *applications) ActionsOf(
	ctx context.Context, name string, options argoprojv1alpha1.ApplicationActionsOptions,
) (*argoprojv1alpha1.ApplicationActions, error) {
	result := &argoprojv1alpha1.ApplicationActions{}
	err := c.GetClient().Get().Namespace(c.GetNamespace()).Resource("applications").Name(name).SubResource("actions").
		Param("group", options.Group).Param("version", options.Version).Param("kind", options.Kind).
		Param("namespace", options.Namespace).Param("name", options.Name).Do(ctx).Into(result)
	return result, err
}
