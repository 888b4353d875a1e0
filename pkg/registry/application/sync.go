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
	"github.com/capstan-dev/capstan/pkg/registry"
)

// SyncREST starts a sync: create applications/sync.
type SyncREST struct{ operations operations }

var (
	_ rest.NamedCreater    = &SyncREST{}
	_ rest.StorageMetadata = &SyncREST{}
)

// New returns an empty request.
func (*SyncREST) New() runtime.Object { return &v1alpha1.ApplicationSync{} }

// Destroy does nothing: the store belongs to the main resource.
func (*SyncREST) Destroy() {}

// ProducesMIMETypes adds none.
func (*SyncREST) ProducesMIMETypes(string) []string { return nil }

// ProducesObject is the Application that the sync was started on.
func (*SyncREST) ProducesObject(string) any { return v1alpha1.Application{} }

// Create sets the operation; the reconciler does the work.
func (r *SyncREST) Create(
	ctx context.Context, name string, object runtime.Object, admit rest.ValidateObjectFunc, options *metav1.CreateOptions,
) (runtime.Object, error) {
	request := registry.As[*v1alpha1.ApplicationSync](object)
	if problems := validateSync(request); len(problems) > 0 {
		return nil, apierrors.NewInvalid(v1alpha1.Kind("ApplicationSync"), name, problems)
	}
	if err := admit(ctx, object.DeepCopyObject()); err != nil {
		return nil, err
	}
	return r.operations.begin(ctx, name, request.Plan, options.DryRun,
		func(app *v1alpha1.Application) (*v1alpha1.Operation, error) {
			if problem := validateRevisions(app, request); problem != nil {
				return nil, apierrors.NewInvalid(v1alpha1.Kind("ApplicationSync"), name, field.ErrorList{problem})
			}
			return syncOperation(ctx, app, request), nil
		})
}

func validateSync(request *v1alpha1.ApplicationSync) field.ErrorList {
	var problems field.ErrorList
	for i, resource := range request.Resources {
		path := field.NewPath("resources").Index(i)
		if resource.Kind == "" {
			problems = append(problems, field.Required(path.Child("kind"), "name the kind to sync"))
		}
		if resource.Name == "" {
			problems = append(problems, field.Required(path.Child("name"), "name the object to sync"))
		}
	}
	return registry.Few(problems)
}

// validateRevisions fails where the request's revisions do not fit the Application's sources.
func validateRevisions(app *v1alpha1.Application, request *v1alpha1.ApplicationSync) *field.Error {
	path, sources := field.NewPath("revisions"), len(app.Spec.Sources)
	switch {
	case sources == 0 && len(request.Revisions) > 0:
		return field.Forbidden(path, "an Application with one source has one revision: set revision")
	case sources > 1 && request.Revision != "":
		return field.Forbidden(field.NewPath("revision"), "an Application with several sources has several revisions: "+
			"set revisions")
	case len(request.Revisions) > 0 && len(request.Revisions) != sources:
		return field.Invalid(path, len(request.Revisions), fmt.Sprintf(
			"the Application has %d sources: give a revision for each, an empty one to keep the source's own", sources))
	}
	return nil
}

// syncOperation is the operation that a request asks for; what it leaves open is as the
// Application's own policy says.
func syncOperation(
	ctx context.Context, app *v1alpha1.Application, request *v1alpha1.ApplicationSync,
) *v1alpha1.Operation {
	operation := &v1alpha1.Operation{
		Sync: &v1alpha1.SyncOperation{
			Revision: request.Revision, Revisions: request.Revisions, Prune: on(request.Prune), DryRun: request.DryRun,
			Resources: request.Resources, SyncOptions: request.SyncOptions, SyncStrategy: request.SyncStrategy,
		},
		Info: request.Infos,
	}
	if policy := app.Spec.SyncPolicy; policy != nil {
		if operation.Sync.SyncOptions == nil {
			operation.Sync.SyncOptions = policy.SyncOptions
		}
		if request.Retry == nil && policy.Retry != nil {
			operation.Retry = *policy.Retry.DeepCopy()
		}
	}
	if request.Retry != nil {
		operation.Retry = *request.Retry
	}
	stamp(ctx, operation)
	return operation
}

func on(flag *bool) bool { return flag != nil && *flag }
