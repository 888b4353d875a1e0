// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

// routes reads routers' objects from caches that begin with the first Rollout that needs their kind, and writes them.
type routes struct {
	place   place
	calls   dynamic.Interface
	watches dynamic.Interface
	mapper  meta.ResettableRESTMapper
	changed func(traffic.Ref)
	// ended is closed when the caches are to end.
	ended <-chan struct{}

	mu    sync.Mutex
	kinds map[schema.GroupVersionResource]*routeKind
	// asked is when the cluster was asked last which kinds it serves.
	asked time.Time
}

// routeKind is the cache of one kind.
type routeKind struct {
	resource schema.GroupVersionResource
	informer cache.SharedIndexInformer
	written  cache.MutationCache
}

const (
	// firstList is how long the pass that begins with a kind waits for its list.
	firstList = 5 * time.Second
	// askEvery is how often the cluster is asked which kinds it serves, while one is missing.
	askEvery = 15 * time.Second
)

// errNotListed says that a kind was not listed yet.
var errNotListed = errors.New("it was not listed yet")

// newRoutes returns routes without caches; changed is told of each object that comes, changes or goes.
func newRoutes(at place, clients cluster.Clients, changed func(traffic.Ref), ended <-chan struct{}) *routes {
	return &routes{
		place: at, calls: clients.Calls.Objects, watches: clients.Watches.Objects, changed: changed, ended: ended,
		mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(clients.Calls.Typed.Discovery())),
		kinds:  map[schema.GroupVersionResource]*routeKind{},
	}
}

// Read returns the objects that a router has to see, as far as they are there.
func (c *routes) Read(ctx context.Context, need traffic.Need) ([]*unstructured.Unstructured, error) {
	known, err := c.open(ctx, need)
	if err != nil {
		return nil, err
	}
	if need.Selector != nil {
		return known.selected(need)
	}
	object, found, err := known.written.GetByKey(need.Namespace + "/" + need.Name)
	if err != nil || !found {
		return nil, err
	}
	return known.cast(object)
}

// Write writes an object and returns it as it was stored, or nil where it was deleted.
func (c *routes) Write(ctx context.Context, change traffic.Change) (*unstructured.Unstructured, error) {
	written, err := c.put(ctx, change)
	if err != nil || written == nil {
		return nil, err
	}
	known, err := c.open(ctx, traffic.Need{Ref: change.Ref, Versions: []string{written.GroupVersionKind().Version}})
	if err != nil {
		return nil, err
	}
	known.written.Mutation(written)
	return written, nil
}

// open returns the cache of a kind. One that was not listed yet, as its first user finds it, is waited for shortly.
func (c *routes) open(ctx context.Context, need traffic.Need) (*routeKind, error) {
	mapping, err := c.mapper.RESTMapping(need.GroupKind, need.Versions...)
	if meta.IsNoMatchError(err) && c.mayAsk() {
		// The kind may have been installed since.
		c.mapper.Reset()
		mapping, err = c.mapper.RESTMapping(need.GroupKind, need.Versions...)
	}
	if err != nil {
		return nil, err
	}
	known, began := c.kind(mapping.Resource)
	if !began && !known.informer.HasSynced() {
		return nil, fmt.Errorf("%s: %w", mapping.Resource, errNotListed)
	}
	waiting, cancel := context.WithTimeout(ctx, firstList)
	defer cancel()
	if !cache.WaitForCacheSync(waiting.Done(), known.informer.HasSynced) {
		return nil, fmt.Errorf("%s: %w", mapping.Resource, errNotListed)
	}
	return known, nil
}

// mayAsk says that the cluster was not asked for its kinds for a while.
func (c *routes) mayAsk() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.asked) < askEvery {
		return false
	}
	c.asked = time.Now()
	return true
}

// kind returns the cache of a resource, and begins it where it was not needed before.
func (c *routes) kind(resource schema.GroupVersionResource) (known *routeKind, began bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known = c.kinds[resource]; known != nil {
		return known, false
	}
	informer := dynamicinformer.NewFilteredDynamicInformer(
		c.watches, resource, c.place.namespace, 0, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}, nil,
	).Informer()
	known = &routeKind{
		resource: resource, informer: informer,
		written: written.Over(informer.GetIndexer()),
	}
	// A new informer takes handlers.
	_, _ = informer.AddEventHandler(written.Watching(known.written, func(object metav1.Object) {
		if typed, is := object.(*unstructured.Unstructured); is {
			c.changed(traffic.Ref{
				GroupKind: typed.GroupVersionKind().GroupKind(), Namespace: typed.GetNamespace(), Name: typed.GetName(),
			})
		}
	}))
	// It outlives the pass that needs it first: others will need it.
	go informer.RunWithContext(wait.ContextForChannel(c.ended))
	c.kinds[resource] = known
	return known, true
}

// selected returns the objects of a namespace with certain labels.
func (k *routeKind) selected(need traffic.Need) ([]*unstructured.Unstructured, error) {
	objects, err := k.written.ByIndex(cache.NamespaceIndex, need.Namespace)
	if err != nil {
		return nil, err
	}
	var chosen []*unstructured.Unstructured
	for _, object := range objects {
		one, err := k.cast(object)
		if err != nil {
			return nil, err
		}
		if need.Selector.Matches(labels.Set(one[0].GetLabels())) {
			chosen = append(chosen, one...)
		}
	}
	return chosen, nil
}

func (k *routeKind) cast(object any) ([]*unstructured.Unstructured, error) {
	typed, is := object.(*unstructured.Unstructured)
	if !is {
		return nil, fmt.Errorf("the cache of %s holds a %T", k.resource, object)
	}
	return []*unstructured.Unstructured{typed}, nil
}
