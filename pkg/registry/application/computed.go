// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Renderer renders what a sync would apply. A revision of "" is the Application's own.
type Renderer interface {
	Manifests(ctx context.Context, app *v1alpha1.Application, revision string) (*v1alpha1.ApplicationManifests, error)
}

// Differ tells what a sync would change.
type Differ interface {
	Diff(ctx context.Context, app *v1alpha1.Application, revision string) (*v1alpha1.ApplicationDiff, error)
}

// ManifestsREST shows what a sync would apply: get applications/manifests?revision=.
type ManifestsREST struct {
	store    *genericregistry.Store
	renderer Renderer
}

// DiffREST shows what a sync would change: get applications/diff?revision=.
type DiffREST struct {
	store  *genericregistry.Store
	differ Differ
}

var (
	_ rest.GetterWithOptions = &ManifestsREST{}
	_ rest.GetterWithOptions = &DiffREST{}
)

// New returns an empty answer.
func (*ManifestsREST) New() runtime.Object { return &v1alpha1.ApplicationManifests{} }

// Destroy does nothing: the store belongs to the main resource.
func (*ManifestsREST) Destroy() {}

// NewGetOptions returns the empty query.
func (*ManifestsREST) NewGetOptions() (runtime.Object, bool, string) {
	return &v1alpha1.ApplicationManifestsOptions{}, false, ""
}

// Get renders the Application of a name.
func (r *ManifestsREST) Get(ctx context.Context, name string, options runtime.Object) (runtime.Object, error) {
	app, err := read(ctx, r.store, name)
	if err != nil {
		return nil, err
	}
	query := registry.As[*v1alpha1.ApplicationManifestsOptions](options)
	answer, err := r.renderer.Manifests(ctx, app, query.Revision)
	if err != nil {
		return nil, unprocessable(app, err)
	}
	return answer, nil
}

// New returns an empty answer.
func (*DiffREST) New() runtime.Object { return &v1alpha1.ApplicationDiff{} }

// Destroy does nothing: the store belongs to the main resource.
func (*DiffREST) Destroy() {}

// NewGetOptions returns the empty query.
func (*DiffREST) NewGetOptions() (runtime.Object, bool, string) {
	return &v1alpha1.ApplicationDiffOptions{}, false, ""
}

// Get compares the Application of a name.
func (r *DiffREST) Get(ctx context.Context, name string, options runtime.Object) (runtime.Object, error) {
	app, err := read(ctx, r.store, name)
	if err != nil {
		return nil, err
	}
	query := registry.As[*v1alpha1.ApplicationDiffOptions](options)
	answer, err := r.differ.Diff(ctx, app, query.Revision)
	if err != nil {
		return nil, unprocessable(app, err)
	}
	return answer, nil
}

func read(ctx context.Context, store *genericregistry.Store, name string) (*v1alpha1.Application, error) {
	object, err := store.Get(ctx, name, &metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return registry.As[*v1alpha1.Application](object), nil
}

// unprocessable answers what a stage could not do with an Application: the request was
// right, and the reason is for the person who asked.
func unprocessable(app *v1alpha1.Application, err error) error {
	answer := apierrors.NewInvalid(v1alpha1.Kind("Application"), app.Name, nil)
	answer.ErrStatus.Message = "Application " + app.Name + ": " + err.Error()
	// kubectl shows the causes alone.
	answer.ErrStatus.Details.Causes = []metav1.StatusCause{{Field: "spec", Message: err.Error()}}
	return answer
}

// refusal passes on an error that says how it is to be answered.
func refusal(app *v1alpha1.Application, err error) error {
	if apierrors.ReasonForError(err) != metav1.StatusReasonUnknown {
		return err
	}
	return unprocessable(app, err)
}
