// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// refreshInterval is the least time between two reads of all kinds of a cluster that are
// caused by a kind that is not known.
const refreshInterval = 2 * time.Second

// Resource is how a cluster serves a kind.
type Resource struct {
	Kind schema.GroupVersionKind
	// Name is the plural in the URL.
	Name       string
	Namespaced bool
	// Watchable reports that the kind can be listed and watched.
	Watchable bool
}

// GroupVersionResource returns the URL's coordinates of the kind.
func (r Resource) GroupVersionResource() schema.GroupVersionResource {
	return r.Kind.GroupVersion().WithResource(r.Name)
}

// kinds is one reading of what a cluster serves.
type kinds struct {
	byVersion map[schema.GroupVersionKind]Resource
	// preferred holds each kind in the first version of the server's order that has it.
	preferred map[schema.GroupKind]Resource
	// failed holds the groups that could not be read, with the reason.
	failed map[string]error
}

// catalog keeps the last reading of a cluster's kinds.
type catalog struct {
	cluster string
	fetch   func(context.Context) (kinds, error)
	// refreshing is held by the one refresh under way.
	refreshing chan struct{}

	mu      sync.RWMutex
	last    kinds
	read    time.Time
	changed chan struct{}
	// digest stands for what the last reading found.
	digest string
}

func newCatalog(cluster string, fetch func(context.Context) (kinds, error)) *catalog {
	return &catalog{
		cluster: cluster, fetch: fetch, refreshing: make(chan struct{}, 1), changed: make(chan struct{}),
	}
}

// resource returns how the cluster serves gvk, or the kind's preferred version where
// gvk.Version is "". A kind that is not known is looked for in the cluster again before a
// *NoKindError is returned.
func (c *catalog) resource(ctx context.Context, gvk schema.GroupVersionKind) (Resource, error) {
	return c.find(ctx, gvk, refreshInterval)
}

// discover is resource that asks the cluster however young the last reading is.
func (c *catalog) discover(ctx context.Context, gvk schema.GroupVersionKind) (Resource, error) {
	return c.find(ctx, gvk, 0)
}

func (c *catalog) find(ctx context.Context, gvk schema.GroupVersionKind, age time.Duration) (Resource, error) {
	found, err := c.lookup(gvk)
	if err == nil {
		return found, nil
	}
	if err := c.refresh(ctx, age); err != nil {
		return Resource{}, &DiscoveryError{Cluster: c.cluster, Group: gvk.Group, Err: err}
	}
	return c.lookup(gvk)
}

func (c *catalog) lookup(gvk schema.GroupVersionKind) (Resource, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	found, ok := c.last.byVersion[gvk]
	if gvk.Version == "" {
		found, ok = c.last.preferred[gvk.GroupKind()]
	}
	switch failure := c.last.failed[gvk.Group]; {
	case ok:
		return found, nil
	case failure != nil:
		return Resource{}, &DiscoveryError{Cluster: c.cluster, Group: gvk.Group, Err: failure}
	default:
		return Resource{}, &NoKindError{Cluster: c.cluster, Kind: gvk}
	}
}

// refresh reads the kinds unless the last reading is younger than age.
func (c *catalog) refresh(ctx context.Context, age time.Duration) error {
	select {
	case c.refreshing <- struct{}{}:
		defer func() { <-c.refreshing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	c.mu.RLock()
	fresh := !c.read.IsZero() && time.Since(c.read) < age
	c.mu.RUnlock()
	if fresh {
		return nil
	}
	read, err := c.fetch(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	same := maps.Equal(c.last.byVersion, read.byVersion)
	c.last, c.read, c.digest = read, time.Now(), read.digest()
	if !same {
		close(c.changed)
		c.changed = make(chan struct{})
	}
	return nil
}

// next returns a channel that is closed when the cluster is seen to serve other kinds.
func (c *catalog) next() <-chan struct{} {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.changed
}

// fetchKinds reads the kinds of a cluster. It fails as a whole where the answer lacks
// Namespaces, which every cluster has: an answer without them is not that of a cluster.
func fetchKinds(ctx context.Context, client discovery.DiscoveryInterfaceWithContext) (kinds, error) {
	groups, lists, err := discovery.ServerGroupsAndResourcesWithContext(ctx, client)
	failures, partial := discovery.GroupDiscoveryFailedErrorGroups(err)
	if err != nil && !partial {
		return kinds{}, fmt.Errorf("read API groups: %w", err)
	}
	read := kinds{
		byVersion: map[schema.GroupVersionKind]Resource{},
		preferred: map[schema.GroupKind]Resource{},
		failed:    map[string]error{},
	}
	for gv, failure := range failures {
		read.failed[gv.Group] = failure
	}
	for _, list := range lists {
		read.add(list)
	}
	read.prefer(groups)
	namespaces := schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}
	if _, ok := read.byVersion[namespaces]; !ok {
		return kinds{}, errors.New("read API groups: the server lists no namespaces, it is not a whole cluster")
	}
	return read, nil
}

func (k *kinds) add(list *metav1.APIResourceList) {
	gv, err := schema.ParseGroupVersion(list.GroupVersion)
	if err != nil {
		return
	}
	for i := range list.APIResources {
		served := &list.APIResources[i]
		if strings.Contains(served.Name, "/") {
			continue
		}
		verbs := map[string]bool{}
		for _, verb := range served.Verbs {
			verbs[verb] = true
		}
		k.byVersion[gv.WithKind(served.Kind)] = Resource{
			Kind:       gv.WithKind(served.Kind),
			Name:       served.Name,
			Namespaced: served.Namespaced,
			Watchable:  verbs["list"] && verbs["watch"],
		}
	}
}

func (k *kinds) prefer(groups []*metav1.APIGroup) {
	rank := map[schema.GroupVersion]int{}
	for _, group := range groups {
		for i, version := range group.Versions {
			rank[schema.GroupVersion{Group: group.Name, Version: version.Version}] = i
		}
	}
	for gvk, found := range k.byVersion {
		best, ok := k.preferred[gvk.GroupKind()]
		if !ok || rank[gvk.GroupVersion()] < rank[best.Kind.GroupVersion()] {
			k.preferred[gvk.GroupKind()] = found
		}
	}
}
