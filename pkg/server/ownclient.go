// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	argoclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// ownClient is a client of the server itself. It asks over loopback, but for what is written and watched most.
type ownClient struct {
	versioned.Interface
	direct *direct
}

// ArgoprojV1alpha1 returns the client of argoproj.io/v1alpha1.
func (c ownClient) ArgoprojV1alpha1() argoclient.ArgoprojV1alpha1Interface {
	return ownArgoproj{c.Interface.ArgoprojV1alpha1(), c.direct}
}

// ownArgoproj is the client of argoproj.io/v1alpha1.
type ownArgoproj struct {
	argoclient.ArgoprojV1alpha1Interface
	direct *direct
}

// Applications returns the client of the Applications of a namespace, or of all.
func (c ownArgoproj) Applications(namespace string) argoclient.ApplicationInterface {
	return ownApplications{c.ArgoprojV1alpha1Interface.Applications(namespace), c.direct, namespace}
}

// AnalysisRuns returns the client of the AnalysisRuns of a namespace, or of all.
func (c ownArgoproj) AnalysisRuns(namespace string) argoclient.AnalysisRunInterface {
	return ownAnalysisRuns{c.ArgoprojV1alpha1Interface.AnalysisRuns(namespace), c.direct, namespace}
}

// Rollouts returns the client of the Rollouts of a namespace, or of all.
func (c ownArgoproj) Rollouts(namespace string) argoclient.RolloutInterface {
	return ownRollouts{c.ArgoprojV1alpha1Interface.Rollouts(namespace), c.direct, namespace}
}

// ownApplications is the client of the Applications of a namespace.
type ownApplications struct {
	argoclient.ApplicationInterface
	direct    *direct
	namespace string
}

// UpdateStatus writes the status of one.
func (c ownApplications) UpdateStatus(
	ctx context.Context, object *v1alpha1.Application, _ metav1.UpdateOptions,
) (*v1alpha1.Application, error) {
	written, err := c.direct.write(ctx, "applications", object)
	return registry.As[*v1alpha1.Application](written), err
}

// List lists them.
func (c ownApplications) List(ctx context.Context, options metav1.ListOptions) (*v1alpha1.ApplicationList, error) {
	list, err := c.direct.list(ctx, "applications", c.namespace, options)
	return registry.As[*v1alpha1.ApplicationList](list), err
}

// Watch watches them.
func (c ownApplications) Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return c.direct.watch(ctx, "applications", c.namespace, options)
}

// ownAnalysisRuns is the client of the AnalysisRuns of a namespace.
type ownAnalysisRuns struct {
	argoclient.AnalysisRunInterface
	direct    *direct
	namespace string
}

// UpdateStatus writes the status of one.
func (c ownAnalysisRuns) UpdateStatus(
	ctx context.Context, object *v1alpha1.AnalysisRun, _ metav1.UpdateOptions,
) (*v1alpha1.AnalysisRun, error) {
	written, err := c.direct.write(ctx, "analysisruns", object)
	return registry.As[*v1alpha1.AnalysisRun](written), err
}

// List lists them.
func (c ownAnalysisRuns) List(ctx context.Context, options metav1.ListOptions) (*v1alpha1.AnalysisRunList, error) {
	list, err := c.direct.list(ctx, "analysisruns", c.namespace, options)
	return registry.As[*v1alpha1.AnalysisRunList](list), err
}

// Watch watches them.
func (c ownAnalysisRuns) Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return c.direct.watch(ctx, "analysisruns", c.namespace, options)
}

// ownRollouts is the client of the Rollouts of a namespace.
type ownRollouts struct {
	argoclient.RolloutInterface
	direct    *direct
	namespace string
}

// UpdateStatus writes the status of one.
func (c ownRollouts) UpdateStatus(
	ctx context.Context, object *v1alpha1.Rollout, _ metav1.UpdateOptions,
) (*v1alpha1.Rollout, error) {
	written, err := c.direct.write(ctx, "rollouts", object)
	return registry.As[*v1alpha1.Rollout](written), err
}

// List lists them.
func (c ownRollouts) List(ctx context.Context, options metav1.ListOptions) (*v1alpha1.RolloutList, error) {
	list, err := c.direct.list(ctx, "rollouts", c.namespace, options)
	return registry.As[*v1alpha1.RolloutList](list), err
}

// Watch watches them.
func (c ownRollouts) Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return c.direct.watch(ctx, "rollouts", c.namespace, options)
}
