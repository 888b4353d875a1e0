// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
)

// WriteStatus writes a status of the server's own by the status surface of its kind, and returns the object as it is
// stored. The errors are those of a request. There is no request, though: codecs, admission and the record of who
// manages which field are most of what one costs, and a status has one writer.
func WriteStatus(ctx context.Context, surface rest.Updater, object runtime.Object) (runtime.Object, error) {
	described, err := meta.Accessor(object)
	if err != nil {
		return nil, err
	}
	ctx = WithOwn(genericapirequest.WithNamespace(ctx, described.GetNamespace()))
	written, _, err := surface.Update(ctx, described.GetName(), rest.DefaultUpdatedObjectInfo(object, keepManagers),
		rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false, &metav1.UpdateOptions{})
	return written, err
}

// keepManagers leaves the record of who manages which field as it is.
func keepManagers(_ context.Context, updated, current runtime.Object) (runtime.Object, error) {
	now, err := meta.Accessor(updated)
	if err != nil {
		return nil, err
	}
	before, err := meta.Accessor(current)
	if err != nil {
		return nil, err
	}
	now.SetManagedFields(before.GetManagedFields())
	return updated, nil
}
