// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apiserver"
	"github.com/capstan-dev/capstan/pkg/generated/clientset/versioned"
	argoclient "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// statuses writes the statuses that change often, straight into the storage that the server serves them from.
type statuses struct {
	// guard is nil where any store is served.
	guard apiserver.StoreGuard
	// surfaces are the storages of status subresources, by resource. They are there before any controller runs.
	surfaces map[string]rest.Updater
}

// from remembers the status surfaces that a provider makes.
func (s *statuses) from(provider apiserver.StorageProvider) apiserver.StorageProvider {
	return storageFunc(func(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
		served, err := provider.Storage(getter)
		for path, storage := range served {
			resource, isStatus := strings.CutSuffix(path, "/status")
			if surface, writes := storage.(rest.Updater); isStatus && writes {
				s.surfaces[resource] = surface
			}
		}
		return served, err
	})
}

// errNotServed is the answer to what is written before the server is made, which nothing does.
var errNotServed = errors.New("it is not served yet")

// write writes the status of an object, where the leader still leads and the store is the right one.
func (s *statuses) write(ctx context.Context, resource string, object runtime.Object) (runtime.Object, error) {
	surface, served := s.surfaces[resource]
	if !served {
		return nil, fmt.Errorf("the status of %s: %w", resource, errNotServed)
	}
	if leading, led := ctx.Value(tenureKey{}).(*tenure); led && leading.lapsed() {
		return nil, errLapsed
	}
	if s.guard == nil {
		return registry.WriteStatus(ctx, surface, object)
	}
	if err := s.guard.Refusal(); err != nil {
		return nil, err
	}
	defer s.guard.Wrote()
	return registry.WriteStatus(ctx, surface, object)
}

// ownClient is a client that writes statuses without a request.
type ownClient struct {
	versioned.Interface
	statuses *statuses
}

// ArgoprojV1alpha1 returns the client of argoproj.io/v1alpha1.
func (c ownClient) ArgoprojV1alpha1() argoclient.ArgoprojV1alpha1Interface {
	return ownArgoproj{c.Interface.ArgoprojV1alpha1(), c.statuses}
}

type ownArgoproj struct {
	argoclient.ArgoprojV1alpha1Interface
	statuses *statuses
}

// Applications returns the client of the Applications of a namespace.
func (c ownArgoproj) Applications(namespace string) argoclient.ApplicationInterface {
	return ownApplications{c.ArgoprojV1alpha1Interface.Applications(namespace), c.statuses}
}

// AnalysisRuns returns the client of the AnalysisRuns of a namespace.
func (c ownArgoproj) AnalysisRuns(namespace string) argoclient.AnalysisRunInterface {
	return ownAnalysisRuns{c.ArgoprojV1alpha1Interface.AnalysisRuns(namespace), c.statuses}
}

// Rollouts returns the client of the Rollouts of a namespace.
func (c ownArgoproj) Rollouts(namespace string) argoclient.RolloutInterface {
	return ownRollouts{c.ArgoprojV1alpha1Interface.Rollouts(namespace), c.statuses}
}

type ownApplications struct {
	argoclient.ApplicationInterface
	statuses *statuses
}

// UpdateStatus writes the status of an Application.
func (c ownApplications) UpdateStatus(
	ctx context.Context, app *v1alpha1.Application, _ metav1.UpdateOptions,
) (*v1alpha1.Application, error) {
	written, err := c.statuses.write(ctx, "applications", app)
	return registry.As[*v1alpha1.Application](written), err
}

type ownAnalysisRuns struct {
	argoclient.AnalysisRunInterface
	statuses *statuses
}

// UpdateStatus writes the status of an AnalysisRun.
func (c ownAnalysisRuns) UpdateStatus(
	ctx context.Context, run *v1alpha1.AnalysisRun, _ metav1.UpdateOptions,
) (*v1alpha1.AnalysisRun, error) {
	written, err := c.statuses.write(ctx, "analysisruns", run)
	return registry.As[*v1alpha1.AnalysisRun](written), err
}

type ownRollouts struct {
	argoclient.RolloutInterface
	statuses *statuses
}

// UpdateStatus writes the status of a Rollout.
func (c ownRollouts) UpdateStatus(
	ctx context.Context, rollout *v1alpha1.Rollout, _ metav1.UpdateOptions,
) (*v1alpha1.Rollout, error) {
	written, err := c.statuses.write(ctx, "rollouts", rollout)
	return registry.As[*v1alpha1.Rollout](written), err
}
