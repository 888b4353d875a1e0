// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Runs reads a SyncRun.
type Runs interface {
	Run(ctx context.Context, namespace, name string) (*capstan.SyncRun, error)
}

// RollbackREST goes back to an earlier deployment: create applications/rollback.
type RollbackREST struct {
	operations operations
	runs       Runs
}

var (
	_ rest.NamedCreater    = &RollbackREST{}
	_ rest.StorageMetadata = &RollbackREST{}
)

// New returns an empty request.
func (*RollbackREST) New() runtime.Object { return &v1alpha1.ApplicationRollback{} }

// Destroy does nothing: the store belongs to the main resource.
func (*RollbackREST) Destroy() {}

// ProducesMIMETypes adds none.
func (*RollbackREST) ProducesMIMETypes(string) []string { return nil }

// ProducesObject is the Application that is rolled back.
func (*RollbackREST) ProducesObject(string) any { return v1alpha1.Application{} }

// Create sets an operation that syncs to what was deployed then. It holds until Git wants
// something else, automated sync or not.
func (r *RollbackREST) Create(
	ctx context.Context, name string, object runtime.Object, admit rest.ValidateObjectFunc, options *metav1.CreateOptions,
) (runtime.Object, error) {
	request := registry.As[*v1alpha1.ApplicationRollback](object)
	if err := admit(ctx, object.DeepCopyObject()); err != nil {
		return nil, err
	}
	return r.operations.begin(ctx, name, "", options.DryRun,
		func(app *v1alpha1.Application) (*v1alpha1.Operation, error) {
			past, err := r.deployed(ctx, app, request)
			if err != nil {
				return nil, err
			}
			return rollbackOperation(ctx, app, request, past), nil
		})
}

// deployment is what a past sync deployed: a source, or several.
type deployment struct {
	source    v1alpha1.ApplicationSource
	revision  string
	sources   v1alpha1.ApplicationSources
	revisions []string
}

func deploymentOf(entry v1alpha1.RevisionHistory) deployment {
	return deployment{entry.Source, entry.Revision, entry.Sources, entry.Revisions}
}

// deployed finds what is to be deployed again: by the SyncRun's name, else by the id in the
// history, where 0 is the deployment before the current one.
func (r *RollbackREST) deployed(
	ctx context.Context, app *v1alpha1.Application, request *v1alpha1.ApplicationRollback,
) (deployment, error) {
	if request.Run != "" {
		return r.ofRun(ctx, app, request.Run)
	}
	history := app.Status.History
	if request.ID == 0 && len(history) >= 2 {
		return deploymentOf(history[len(history)-2]), nil
	}
	for _, entry := range history {
		if entry.ID == request.ID && request.ID != 0 {
			return deploymentOf(entry), nil
		}
	}
	return deployment{}, refuse(app.Name, field.Invalid(field.NewPath("id"), request.ID,
		"no such deployment in status.history; name one of its ids, or a SyncRun in run"))
}

func (r *RollbackREST) ofRun(
	ctx context.Context, app *v1alpha1.Application, name string,
) (deployment, error) {
	path := field.NewPath("run")
	run, err := r.runs.Run(ctx, app.Namespace, name)
	switch {
	case apierrors.IsNotFound(err):
		return deployment{}, refuse(app.Name, field.NotFound(path, name))
	case err != nil:
		return deployment{}, fmt.Errorf("read the run to roll back to: %w", err)
	case run.Spec.Application.UID != app.UID:
		return deployment{}, refuse(app.Name, field.Invalid(path, name,
			"the SyncRun is of another Application"))
	case run.Status.Phase != v1alpha1.OperationSucceeded || run.Spec.DryRun || len(run.Spec.Sources) == 0:
		return deployment{}, refuse(app.Name, field.Invalid(path, name,
			"the SyncRun deployed nothing that could be deployed again"))
	}
	if len(run.Spec.Revisions) > 0 {
		return deployment{sources: run.Spec.Sources, revisions: run.Spec.Revisions}, nil
	}
	return deployment{source: run.Spec.Sources[0], revision: run.Spec.Revision}, nil
}

func refuse(name string, problem *field.Error) error {
	return apierrors.NewInvalid(v1alpha1.Kind("ApplicationRollback"), name, field.ErrorList{problem})
}

func rollbackOperation(
	ctx context.Context, app *v1alpha1.Application, request *v1alpha1.ApplicationRollback, past deployment,
) *v1alpha1.Operation {
	operation := &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{
		Revision: past.revision, Revisions: past.revisions, Sources: past.sources,
		Prune: on(request.Prune), DryRun: request.DryRun,
	}}
	if len(past.sources) == 0 {
		operation.Sync.Source = &past.source
	}
	if policy := app.Spec.SyncPolicy; policy != nil {
		operation.Sync.SyncOptions = policy.SyncOptions
	}
	stamp(ctx, operation)
	operation.Info = append(operation.Info, v1alpha1.Info{Name: v1alpha1.InfoRollback})
	return operation
}
