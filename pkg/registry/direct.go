// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
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

// List lists objects for the server itself, without a request: they are those of the watch cache, and not to be
// changed.
func List(ctx context.Context, from rest.Lister, namespace string, options metav1.ListOptions) (runtime.Object, error) {
	selected, err := selection(options)
	if err != nil {
		return nil, err
	}
	return from.List(genericapirequest.WithNamespace(ctx, namespace), selected)
}

// Watch watches objects for the server itself, without a request, until ctx ends.
func Watch(
	ctx context.Context, from rest.Watcher, namespace string, options metav1.ListOptions,
) (watch.Interface, error) {
	options.Watch = true
	selected, err := selection(options)
	if err != nil {
		return nil, err
	}
	changes, err := from.Watch(genericapirequest.WithNamespace(ctx, namespace), selected)
	if err != nil {
		return nil, err
	}
	return Mapped(changes, func(change watch.Event) watch.Event {
		// What many watch comes in a wrap that remembers how it is encoded.
		if wrapped, is := change.Object.(runtime.CacheableObject); is {
			change.Object = wrapped.GetObject()
		}
		return change
	}), nil
}

// selection reads options as a request does.
func selection(options metav1.ListOptions) (*internalversion.ListOptions, error) {
	selected := &internalversion.ListOptions{}
	if err := internalversion.Convert_v1_ListOptions_To_internalversion_ListOptions(&options, selected, nil); err != nil {
		return nil, fmt.Errorf("read the options of a list: %w", err)
	}
	internalversion.SetListOptionsDefaults(selected, true)
	return selected, nil
}
