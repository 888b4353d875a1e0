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

// Trees reads what an Application's resources own. The Application that it is handed holds its whole object record.
type Trees interface {
	Tree(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.ApplicationTree, error)
}

// TreeREST shows the managed objects and all that they own: get applications/tree.
type TreeREST struct {
	recorded recorded
	trees    Trees
}

var _ rest.Getter = &TreeREST{}

// New returns an empty tree.
func (*TreeREST) New() runtime.Object { return &v1alpha1.ApplicationTree{} }

// Destroy does nothing: the store belongs to the main resource.
func (*TreeREST) Destroy() {}

// Get reads the tree of the Application of a name.
func (r *TreeREST) Get(ctx context.Context, name string, _ *metav1.GetOptions) (runtime.Object, error) {
	app, err := r.recorded.read(ctx, name)
	if err != nil {
		return nil, err
	}
	answer, err := r.trees.Tree(ctx, app)
	if err != nil {
		return nil, unprocessable(app, err)
	}
	return answer, nil
}

// recorded reads Applications with all their resources, however many.
type recorded struct {
	store   *genericregistry.Store
	records *records
}

func (r recorded) read(ctx context.Context, name string) (*v1alpha1.Application, error) {
	app, err := read(ctx, r.store, name)
	if err != nil {
		return nil, err
	}
	app = app.DeepCopy()
	app.Status.Resources, err = r.records.get(ctx, app)
	return app, err
}
