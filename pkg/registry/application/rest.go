// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/capstan-dev/capstan/pkg/registry"
)

// REST is the main resource of Applications.
type REST struct {
	*registry.REST
	records *records
}

// Watch tells of changes, with the resources of each Application. Where many watch, they are handed one Application,
// in a wrap that remembers how it is encoded and that the store fills nothing into: one that has a record is unwrapped.
func (r *REST) Watch(ctx context.Context, options *internalversion.ListOptions) (watch.Interface, error) {
	changes, err := r.REST.Watch(ctx, options)
	if err != nil {
		return nil, err
	}
	return registry.Mapped(changes, func(change watch.Event) watch.Event {
		if wrapped, is := change.Object.(runtime.CacheableObject); is {
			change.Object = r.unwrapped(ctx, change.Object, wrapped)
		}
		return change
	}), nil
}

// unwrapped returns what is wrapped where it has a record, else the wrap.
func (r *REST) unwrapped(ctx context.Context, object runtime.Object, wrapped runtime.CacheableObject) runtime.Object {
	described, err := meta.Accessor(object)
	if err != nil {
		return object
	}
	// Where the record cannot be read, filling says so.
	if data, err := r.records.packed(ctx, described); err == nil && data == nil {
		return object
	}
	filled := wrapped.GetObject()
	r.records.fill(filled)
	return filled
}
