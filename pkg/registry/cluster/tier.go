// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"

	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authentication/user"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Gate judges what becomes of the tier of a Cluster.
type Gate interface {
	// Tier fails where a write lowers a tier without the right to; after is nil where the Cluster is deleted.
	Tier(ctx context.Context, before, after *v1alpha1.Cluster, who user.Info) error
}

// REST serves Clusters. It asks the gate itself: which clusters are production decides what is held there, and that
// must not hang on which admission plugins run.
type REST struct {
	*registry.REST
	gate Gate
}

var _ rest.StandardStorage = &REST{}

// Update changes a Cluster.
func (r *REST) Update(
	ctx context.Context, name string, info rest.UpdatedObjectInfo, create rest.ValidateObjectFunc,
	update rest.ValidateObjectUpdateFunc, force bool, options *metav1.UpdateOptions,
) (runtime.Object, bool, error) {
	judged := func(ctx context.Context, updated, current runtime.Object) error {
		if err := r.judge(ctx, current, registry.As[*v1alpha1.Cluster](updated)); err != nil {
			return err
		}
		return update(ctx, updated, current)
	}
	return r.REST.Update(ctx, name, info, create, judged, force, options)
}

// Delete deletes a Cluster.
func (r *REST) Delete(
	ctx context.Context, name string, validate rest.ValidateObjectFunc, options *metav1.DeleteOptions,
) (runtime.Object, bool, error) {
	return r.REST.Delete(ctx, name, r.judged(validate), options)
}

// DeleteCollection deletes Clusters, each as if alone.
func (r *REST) DeleteCollection(
	ctx context.Context, validate rest.ValidateObjectFunc, options *metav1.DeleteOptions,
	which *metainternalversion.ListOptions,
) (runtime.Object, error) {
	return r.REST.DeleteCollection(ctx, r.judged(validate), options, which)
}

// judged asks the gate before what validates a deletion.
func (r *REST) judged(validate rest.ValidateObjectFunc) rest.ValidateObjectFunc {
	return func(ctx context.Context, object runtime.Object) error {
		if err := r.judge(ctx, object, nil); err != nil {
			return err
		}
		return validate(ctx, object)
	}
}

func (r *REST) judge(ctx context.Context, before runtime.Object, after *v1alpha1.Cluster) error {
	who, known := genericapirequest.UserFrom(ctx)
	if !known {
		who = &user.DefaultInfo{}
	}
	return r.gate.Tier(ctx, registry.As[*v1alpha1.Cluster](before), after, who)
}
