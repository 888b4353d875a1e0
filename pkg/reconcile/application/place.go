// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
)

// Place returns where an Application goes, and the project that permits it, as a sync finds them.
func (r *Reconciler) Place(app *v1alpha1.Application) (*cluster.Cluster, *v1alpha1.AppProject, error) {
	return r.place(app)
}

// Keeper returns the cluster that keeps Rollouts for a destination, nil where that is the destination itself.
func (r *Reconciler) Keeper(target *cluster.Cluster) *cluster.Cluster { return r.hub(target) }

// Instance returns the name that the tracking annotations of an Application's objects carry.
func (r *Reconciler) Instance(app *v1alpha1.Application) string { return r.instanceName(app) }
