// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Cluster is one destination with its connection and its live index. It stays the same
// value when its Secret changes. All methods may be called at the same time.
type Cluster struct {
	server  string
	options Options
	publish func(application string, key manifest.Key)
	index   *index
	events  atomic.Int64
	traffic traffic

	mu          sync.RWMutex
	destination Destination
	link        *link
	closed      bool
	watches     map[scope]*watch
	// uses holds the kinds of each application, users the applications of each kind.
	uses  map[string][]schema.GroupKind
	users map[schema.GroupKind]map[string]struct{}
}

func newCluster(destination Destination, options Options, publish func(string, manifest.Key)) (*Cluster, error) {
	c := &Cluster{
		server:      destination.Server,
		options:     options,
		publish:     publish,
		index:       newIndex(),
		destination: destination,
		watches:     map[scope]*watch{},
		uses:        map[string][]schema.GroupKind{},
		users:       map[schema.GroupKind]map[string]struct{}{},
	}
	link, err := newLink(destination, options, &c.traffic, c.rebuild)
	c.link = link
	return c, err
}

// Destination returns what the cluster was registered with.
func (c *Cluster) Destination() Destination {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.destination
}

// Name returns the name of the destination.
func (c *Cluster) Name() string { return c.Destination().Name }

// Server returns the URL that identifies the cluster.
func (c *Cluster) Server() string { return c.server }

// Connect returns nil once the cluster has told its version, its identity and its kinds.
// It fails with *UnreachableError, without a call, where that failed a moment ago.
func (c *Cluster) Connect(ctx context.Context) error {
	link, err := c.current()
	if err != nil {
		return err
	}
	return link.connect(ctx)
}

// Probe asks a connected cluster again who it is and what it serves, so that Status is
// current also where nothing else is called.
func (c *Cluster) Probe(ctx context.Context) error {
	link, err := c.current()
	if err != nil {
		return err
	}
	if connected, err := link.reach.admit(); !connected || err != nil {
		return link.connect(ctx)
	}
	return link.probe(ctx)
}

// Resource returns how the cluster serves gvk, or the kind's preferred version where
// gvk.Version is "". It fails with *NoKindError only where the cluster certainly does not
// serve it, with *DiscoveryError where that cannot be known.
func (c *Cluster) Resource(ctx context.Context, gvk schema.GroupVersionKind) (Resource, error) {
	link, err := c.current()
	if err != nil {
		return Resource{}, err
	}
	return link.resource(ctx, gvk)
}

// Discover is Resource for a kind that is known to have come just now: where it is not known,
// the cluster is asked at once.
func (c *Cluster) Discover(ctx context.Context, gvk schema.GroupVersionKind) (Resource, error) {
	link, err := c.current()
	if err != nil {
		return Resource{}, err
	}
	if err := link.connect(ctx); err != nil {
		return Resource{}, err
	}
	return link.catalog.discover(ctx, gvk)
}

func (c *Cluster) current() (*link, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return nil, errClosed
	}
	return c.link, nil
}

// set changes the destination, and connects anew where that is needed.
func (c *Cluster) set(ctx context.Context, destination Destination) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if sameConnection(c.destination, destination) {
		c.destination = destination
		return nil
	}
	link, err := newLink(destination, c.options, &c.traffic, c.rebuild)
	if err != nil {
		return err
	}
	c.destination = destination
	c.relinkLocked(ctx, link)
	return nil
}

// rebuild drops a connection at whose other end another cluster answers.
func (c *Cluster) rebuild(ctx context.Context, old *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.link != old {
		return
	}
	link, err := newLink(c.destination, c.options, &c.traffic, c.rebuild)
	if err != nil {
		old.reach.lost(err)
		return
	}
	c.relinkLocked(ctx, link)
}

// relinkLocked starts all watches again; the records stay until the new ones replace them,
// but nothing is answered from them before.
func (c *Cluster) relinkLocked(ctx context.Context, link *link) {
	old := c.link
	c.link = link
	for s, w := range c.watches {
		w.stop()
		delete(c.watches, s)
	}
	old.close()
	for kind := range c.users {
		c.watchLocked(ctx, kind)
	}
	c.index.retain(func(s scope) bool { return c.watches[s] != nil })
}

func (c *Cluster) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, w := range c.watches {
		w.stop()
	}
	c.link.close()
}

// covers reports whether the objects of resource are to be watched through s: where the
// destination is restricted to namespaces, each of them has a scope, and "" is that of
// cluster-scoped kinds.
func (c *Cluster) covers(s scope, resource Resource) bool {
	restricted := len(c.Destination().Namespaces) > 0
	return !restricted || resource.Namespaced == (s.namespace != "")
}

// Allows reports whether the destination lets namespace be read, "" being cluster scope.
func (d Destination) Allows(namespace string) bool {
	if namespace == "" {
		return len(d.Namespaces) == 0 || d.ClusterResources
	}
	return len(d.Namespaces) == 0 || slices.Contains(d.Namespaces, namespace)
}
