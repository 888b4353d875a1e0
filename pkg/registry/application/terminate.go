// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// TerminateREST ends the operation in progress: create applications/terminate.
type TerminateREST struct{ operations operations }

var (
	_ rest.NamedCreater    = &TerminateREST{}
	_ rest.StorageMetadata = &TerminateREST{}
)

// New returns an empty request.
func (*TerminateREST) New() runtime.Object { return &v1alpha1.ApplicationTerminate{} }

// Destroy does nothing: the store belongs to the main resource.
func (*TerminateREST) Destroy() {}

// ProducesMIMETypes adds none.
func (*TerminateREST) ProducesMIMETypes(string) []string { return nil }

// ProducesObject is the Application whose operation ends.
func (*TerminateREST) ProducesObject(string) any { return v1alpha1.Application{} }

// Create asks the reconciler to end the operation.
func (r *TerminateREST) Create(
	ctx context.Context, name string, object runtime.Object, admit rest.ValidateObjectFunc, options *metav1.CreateOptions,
) (runtime.Object, error) {
	if err := admit(ctx, object.DeepCopyObject()); err != nil {
		return nil, err
	}
	return r.operations.change(ctx, name, options.DryRun, func(app *v1alpha1.Application) error {
		if app.Operation == nil && !runs(app.Status.OperationState) {
			return apierrors.NewConflict(v1alpha1.Resource("applications"), name,
				errors.New("no operation is in progress"))
		}
		terminate(app)
		return nil
	})
}
