// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// RefreshREST makes the reconciler look at Git now: create applications/refresh.
type RefreshREST struct{ operations operations }

var (
	_ rest.NamedCreater    = &RefreshREST{}
	_ rest.StorageMetadata = &RefreshREST{}
)

// New returns an empty request.
func (*RefreshREST) New() runtime.Object { return &v1alpha1.ApplicationRefresh{} }

// Destroy does nothing: the store belongs to the main resource.
func (*RefreshREST) Destroy() {}

// ProducesMIMETypes adds none.
func (*RefreshREST) ProducesMIMETypes(string) []string { return nil }

// ProducesObject is the Application to be refreshed.
func (*RefreshREST) ProducesObject(string) any { return v1alpha1.Application{} }

// Create sets the annotation that asks for a refresh; the reconciler takes it off when it
// has looked.
func (r *RefreshREST) Create(
	ctx context.Context, name string, object runtime.Object, admit rest.ValidateObjectFunc, options *metav1.CreateOptions,
) (runtime.Object, error) {
	request := registry.As[*v1alpha1.ApplicationRefresh](object)
	kind := request.Type
	switch kind {
	case "":
		kind = v1alpha1.RefreshTypeNormal
	case v1alpha1.RefreshTypeNormal, v1alpha1.RefreshTypeHard:
	default:
		return nil, apierrors.NewInvalid(v1alpha1.Kind("ApplicationRefresh"), name, field.ErrorList{
			field.NotSupported(field.NewPath("type"), kind,
				[]v1alpha1.RefreshType{v1alpha1.RefreshTypeNormal, v1alpha1.RefreshTypeHard}),
		})
	}
	if err := admit(ctx, object.DeepCopyObject()); err != nil {
		return nil, err
	}
	return r.operations.change(ctx, name, options.DryRun, func(app *v1alpha1.Application) error {
		metav1.SetMetaDataAnnotation(&app.ObjectMeta, v1alpha1.AnnotationKeyRefresh, string(kind))
		return nil
	})
}
