// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/capstan-dev/capstan/pkg/live"
)

// begin opens a watch. It gives up where the server does not begin to answer, and ends the
// stream where the server lets it pass the time that was asked for.
func begin(
	ctx context.Context, options metav1.ListOptions,
	open func(context.Context, metav1.ListOptions) (apiwatch.Interface, error),
) (apiwatch.Interface, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	limit := 10 * time.Minute
	if options.TimeoutSeconds != nil {
		limit = time.Duration(*options.TimeoutSeconds) * time.Second
	}
	header := time.AfterFunc(headerTimeout, func() { cancel(errors.New("the watch did not begin in time")) })
	stream, err := open(ctx, options)
	header.Stop()
	if err != nil {
		cause := context.Cause(ctx)
		cancel(nil)
		if cause != nil {
			return nil, fmt.Errorf("watch: %w", cause)
		}
		return nil, err
	}
	overdue := time.AfterFunc(limit+headerTimeout, func() { cancel(errors.New("the watch is overdue")) })
	return boundStream{Interface: stream, end: func() { overdue.Stop(); cancel(nil) }}, nil
}

// boundStream frees what bounds a watch when the watch is stopped.
type boundStream struct {
	apiwatch.Interface
	end func()
}

// Stop ends the watch.
func (s boundStream) Stop() {
	s.Interface.Stop()
	s.end()
}

// calls is how the objects of a scope are listed and watched.
type calls struct {
	list  func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch func(context.Context, metav1.ListOptions) (apiwatch.Interface, error)
}

// calls asks for whole objects only where a health rule needs them.
func (w *watch) calls(resource Resource) calls {
	connection, gvr := w.link.connection, resource.GroupVersionResource()
	managed := func(options metav1.ListOptions) metav1.ListOptions {
		options.LabelSelector = live.ManagedLabel + "=" + live.ManagedValue
		return options
	}
	if w.cluster.needsObjects(w.kind) {
		objects := connection.watchObjects.Resource(gvr).Namespace(w.namespace)
		return calls{
			list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
				return objects.List(ctx, managed(options))
			},
			watch: func(ctx context.Context, options metav1.ListOptions) (apiwatch.Interface, error) {
				return objects.Watch(ctx, managed(options))
			},
		}
	}
	partial := connection.watchMetadata.Resource(gvr).Namespace(w.namespace)
	return calls{
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return partial.List(ctx, managed(options))
		},
		watch: func(ctx context.Context, options metav1.ListOptions) (apiwatch.Interface, error) {
			return partial.Watch(ctx, managed(options))
		},
	}
}
