// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// ResourcesREST lists the objects of an Application, however many: get applications/resources.
type ResourcesREST struct {
	store   *genericregistry.Store
	records *records
}

var _ rest.Getter = &ResourcesREST{}

// New returns an empty list.
func (*ResourcesREST) New() runtime.Object { return &v1alpha1.ApplicationResources{} }

// Destroy closes the store of the records, which is served by no other path.
func (r *ResourcesREST) Destroy() { r.records.store.Destroy() }

// Get reads the record of the Application of a name.
func (r *ResourcesREST) Get(ctx context.Context, name string, _ *metav1.GetOptions) (runtime.Object, error) {
	app, err := read(ctx, r.store, name)
	if err != nil {
		return nil, err
	}
	items, err := r.records.get(ctx, app)
	if err != nil {
		return nil, err
	}
	if items == nil {
		items = []v1alpha1.ResourceStatus{}
	}
	return &v1alpha1.ApplicationResources{Items: items}, nil
}
