// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apiserver"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// direct reaches the storages that the server serves kinds from, without a request.
type direct struct {
	// guard is nil where any store is served.
	guard apiserver.StoreGuard
	// storages are by path, such as "rollouts/status". They are there before anything runs.
	storages map[string]rest.Storage
}

// Reached is a provider whose storages the server itself reaches without a request.
type Reached struct {
	apiserver.StorageProvider
	direct *direct
}

// to remembers the storages that a provider makes.
func (d *direct) to(provider apiserver.StorageProvider) apiserver.StorageProvider {
	return Reached{provider, d}
}

// Storage makes the storages, and remembers them.
func (r Reached) Storage(getter generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	served, err := r.StorageProvider.Storage(getter)
	maps.Copy(r.direct.storages, served)
	return served, err
}

// errNotServed is the answer to what is asked before the server is made, which nothing does.
var errNotServed = errors.New("it is not served yet")

// reach returns the storage of a path as what can do something, where the store is the right one.
func reach[T any](d *direct, path string) (T, error) {
	storage, able := d.storages[path].(T)
	if !able {
		return storage, fmt.Errorf("the storage of %s: %w", path, errNotServed)
	}
	if d.guard == nil {
		return storage, nil
	}
	return storage, d.guard.Refusal()
}

// write writes the status of an object, where the leader still leads.
func (d *direct) write(ctx context.Context, resource string, object runtime.Object) (runtime.Object, error) {
	surface, err := reach[rest.Updater](d, resource+"/status")
	if err != nil {
		return nil, err
	}
	if leading, led := ctx.Value(tenureKey{}).(*tenure); led && leading.lapsed() {
		return nil, errLapsed
	}
	if d.guard != nil {
		defer d.guard.Wrote()
	}
	return registry.WriteStatus(ctx, surface, object)
}

func (d *direct) list(
	ctx context.Context, resource, namespace string, options metav1.ListOptions,
) (runtime.Object, error) {
	from, err := reach[rest.Lister](d, resource)
	if err != nil {
		return nil, err
	}
	return registry.List(ctx, from, namespace, options)
}

func (d *direct) watch(
	ctx context.Context, resource, namespace string, options metav1.ListOptions,
) (watch.Interface, error) {
	from, err := reach[rest.Watcher](d, resource)
	if err != nil {
		return nil, err
	}
	return registry.Watch(ctx, from, namespace, options)
}
