// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package inspection

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/tree"
)

// Places knows where Applications go.
type Places interface {
	// Place returns the destination of an Application, and the project that permits it.
	Place(app *v1alpha1.Application) (*cluster.Cluster, *v1alpha1.AppProject, error)
	// Keeper returns the cluster that keeps Rollouts for a destination, nil for none.
	Keeper(target *cluster.Cluster) *cluster.Cluster
	// Instance returns the name that the tracking annotations of its objects carry.
	Instance(app *v1alpha1.Application) string
}

// HostEvents reads the Events about an Application from the cluster that hosts Capstan.
type HostEvents interface {
	ApplicationEvents(ctx context.Context, app *v1alpha1.Application, limit int64) ([]corev1.Event, error)
}

// Inspector answers.
type Inspector struct {
	Places Places
	// Rules rate what managed objects own.
	Rules cluster.HealthRules
	// Host reads Events about Applications.
	Host HostEvents
	// Book knows the actions of objects, Applier does them, and Recorder tells who asked.
	Book     ActionBook
	Applier  *apply.Applier
	Recorder Recorder
}

// notFound is the one answer for what is not in a tree, whether it is elsewhere or nowhere.
func notFound(key manifest.Key) error {
	resource := key.GroupKind()
	return apierrors.NewNotFound(v1alpha1.Resource("applications/tree"), resource.String()+" "+key.Name)
}

// found maps the error of finding an object of a tree.
func found(key manifest.Key, err error) error {
	if errors.Is(err, tree.ErrNotFound) {
		return notFound(key)
	}
	return plain(err)
}

// plain keeps the text of a destination's error: its code would be taken for ours.
func plain(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(err.Error())
}
