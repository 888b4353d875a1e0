// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Options are what all clusters have in common.
type Options struct {
	// Host reaches the cluster that hosts Capstan; nil leaves out the destination
	// in-cluster.
	Host *rest.Config
	// HealthRules assess objects as they are watched; nil means none.
	HealthRules HealthRules
	// Registerer takes the metrics; nil means none.
	Registerer prometheus.Registerer
	// Timeout bounds each call other than a watch; 0 means 30 seconds.
	Timeout time.Duration
	// Wrap sees each request before it is sent; nil means that nobody does. What it refuses says nothing of the cluster.
	Wrap transport.WrapperFunc
	// Connected is called whenever a cluster has told who it is; nil means that nobody is. It must not block.
	Connected func()
}

// Clusters is the set of known destinations.
type Clusters struct {
	options Options
	// setting orders changes of destinations, which take longer than mu may be held.
	setting sync.Mutex

	mu          sync.RWMutex
	byServer    map[string]*Cluster
	subscribers []func(application string, key manifest.Key)
}

// NewClusters returns the set that holds in-cluster, if there is a host, and nothing else.
func NewClusters(options Options) (*Clusters, error) {
	if options.Timeout == 0 {
		options.Timeout = 30 * time.Second
	}
	if options.Connected == nil {
		options.Connected = func() {}
	}
	clusters := &Clusters{options: options, byServer: map[string]*Cluster{}}
	if options.Host != nil {
		if err := clusters.Set(context.Background(), inCluster()); err != nil {
			return nil, err
		}
	}
	if options.Registerer != nil {
		if err := options.Registerer.Register(newCollector(clusters)); err != nil {
			return nil, fmt.Errorf("register the metrics of clusters: %w", err)
		}
	}
	return clusters, nil
}

func inCluster() Destination { return Destination{Name: InClusterName, Server: InClusterServer} }

// Set adds a destination or changes the one with its server. The connection is made anew
// only where address, credentials or namespaces changed. Two Secrets cannot register one
// server: the first keeps it.
func (s *Clusters) Set(ctx context.Context, destination Destination) error {
	if destination.Config == nil {
		if s.options.Host == nil || destination.Server != InClusterServer {
			return fmt.Errorf("cluster %q has no credentials, and is not the hosting cluster", destination.Name)
		}
		destination.Config = s.options.Host
	}
	s.setting.Lock()
	defer s.setting.Unlock()
	known, err := s.ByServer(destination.Server)
	if err != nil {
		added, err := newCluster(destination, s.options, s.publish)
		if err != nil {
			return fmt.Errorf("cluster %q: %w", destination.Name, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.byServer[destination.Server] = added
		return nil
	}
	if first := known.Destination().Secret; first != "" && first != destination.Secret {
		return fmt.Errorf("cluster Secret %q: server is already registered by Secret %q", destination.Secret, first)
	}
	return known.set(ctx, destination)
}

// Remove takes a destination out if secret registered it, and ends its watches. What
// remains of the hosting cluster is the default in-cluster.
func (s *Clusters) Remove(ctx context.Context, server, secret string) error {
	s.setting.Lock()
	defer s.setting.Unlock()
	known, err := s.ByServer(server)
	if err != nil || known.Destination().Secret != secret {
		return nil
	}
	if server == InClusterServer && s.options.Host != nil {
		host := inCluster()
		host.Config = s.options.Host
		return known.set(ctx, host)
	}
	s.mu.Lock()
	delete(s.byServer, server)
	s.mu.Unlock()
	known.close()
	return nil
}

// ByServer returns the cluster with a server URL, or a *NotFoundError.
func (s *Clusters) ByServer(server string) (*Cluster, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if found := s.byServer[server]; found != nil {
		return found, nil
	}
	return nil, &NotFoundError{Field: "server", Value: server}
}

// ByName returns the cluster with a name, a *NotFoundError, or an *AmbiguousNameError
// where several have it.
func (s *Clusters) ByName(name string) (*Cluster, error) {
	var found []*Cluster
	for _, candidate := range s.List() {
		if candidate.Destination().Name == name {
			found = append(found, candidate)
		}
	}
	switch len(found) {
	case 0:
		return nil, &NotFoundError{Field: "name", Value: name}
	case 1:
		return found[0], nil
	}
	ambiguous := &AmbiguousNameError{Name: name}
	for _, candidate := range found {
		ambiguous.Servers = append(ambiguous.Servers, candidate.server)
	}
	return nil, ambiguous
}

// List returns all clusters, ordered by server.
func (s *Clusters) List() []*Cluster {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]*Cluster, 0, len(s.byServer))
	for _, cluster := range s.byServer {
		list = append(list, cluster)
	}
	slices.SortFunc(list, func(a, b *Cluster) int { return cmp.Compare(a.server, b.server) })
	return list
}

// Subscribe has notify called after each change of a live record that is more than a new
// resource version: with the application that owned it and, if another, with the one that
// owns it now. A key without a name says that all objects of its kind became known, or
// that the cluster stopped to serve the kind. notify must not block.
func (s *Clusters) Subscribe(notify func(application string, key manifest.Key)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribers = append(slices.Clone(s.subscribers), notify)
}

func (s *Clusters) publish(application string, key manifest.Key) {
	s.mu.RLock()
	subscribers := s.subscribers
	s.mu.RUnlock()
	for _, notify := range subscribers {
		notify(application, key)
	}
}

// Close ends all watches; the set is empty after it.
func (s *Clusters) Close() {
	s.mu.Lock()
	closing := s.byServer
	s.byServer = map[string]*Cluster{}
	s.mu.Unlock()
	for _, cluster := range closing {
		cluster.close()
	}
}

// errClosed answers every use of a cluster that was removed.
var errClosed = errors.New("the cluster was removed")
