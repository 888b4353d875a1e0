// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
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
	return ownApplications{
		straight[*v1alpha1.Application, *v1alpha1.ApplicationList]{c.direct, "applications", namespace},
		requestedApplications{c.ArgoprojV1alpha1Interface.Applications(namespace)},
	}
}

// AnalysisRuns returns the client of the AnalysisRuns of a namespace, or of all.
func (c ownArgoproj) AnalysisRuns(namespace string) argoclient.AnalysisRunInterface {
	return ownAnalysisRuns{
		straight[*v1alpha1.AnalysisRun, *v1alpha1.AnalysisRunList]{c.direct, "analysisruns", namespace},
		requestedAnalysisRuns{c.ArgoprojV1alpha1Interface.AnalysisRuns(namespace)},
	}
}

// Rollouts returns the client of the Rollouts of a namespace, or of all.
func (c ownArgoproj) Rollouts(namespace string) argoclient.RolloutInterface {
	return ownRollouts{
		straight[*v1alpha1.Rollout, *v1alpha1.RolloutList]{c.direct, "rollouts", namespace},
		requestedRollouts{c.ArgoprojV1alpha1Interface.Rollouts(namespace)},
	}
}

// straight is what a client does without a request: it stands before what it asks for.
type straight[T, L runtime.Object] struct {
	direct              *direct
	resource, namespace string
}

// UpdateStatus writes the status of an object.
func (s straight[T, L]) UpdateStatus(ctx context.Context, object T, _ metav1.UpdateOptions) (T, error) {
	written, err := s.direct.write(ctx, s.resource, object)
	return registry.As[T](written), err
}

// List lists objects.
func (s straight[T, L]) List(ctx context.Context, options metav1.ListOptions) (L, error) {
	list, err := s.direct.list(ctx, s.resource, s.namespace, options)
	return registry.As[L](list), err
}

// Watch watches objects.
func (s straight[T, L]) Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return s.direct.watch(ctx, s.resource, s.namespace, options)
}

// What a client does straight stands one level above what it requests, and so comes first.
type (
	requestedApplications struct {
		argoclient.ApplicationInterface
	}
	ownApplications struct {
		straight[*v1alpha1.Application, *v1alpha1.ApplicationList]
		requestedApplications
	}
	requestedAnalysisRuns struct {
		argoclient.AnalysisRunInterface
	}
	ownAnalysisRuns struct {
		straight[*v1alpha1.AnalysisRun, *v1alpha1.AnalysisRunList]
		requestedAnalysisRuns
	}
	requestedRollouts struct{ argoclient.RolloutInterface }
	ownRollouts       struct {
		straight[*v1alpha1.Rollout, *v1alpha1.RolloutList]
		requestedRollouts
	}
)
