// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// connectTimeout bounds each of the few calls that connecting takes.
const connectTimeout = 10 * time.Second

// link is a connection with what is known of the other end. It is replaced as a whole
// when the credentials change or another cluster answers.
type link struct {
	*connection
	catalog *catalog
	reach   *reachability
	// replaced is called when another cluster than before answers.
	replaced func(context.Context, *link)
	// connected is called when the cluster has told who it is.
	connected func()
	// connecting is held by the one attempt under way.
	connecting chan struct{}

	mu       sync.Mutex
	identity identity
}

func newLink(
	destination Destination, options Options, traffic *traffic, replaced func(context.Context, *link),
) (*link, error) {
	reach := &reachability{cluster: destination.Name}
	connection, err := newConnection(destination.Config, options, reach.note, traffic)
	if err != nil {
		return nil, err
	}
	fetch := func(ctx context.Context) (kinds, error) { return fetchKinds(ctx, connection.discovery) }
	return &link{
		connection: connection,
		catalog:    newCatalog(destination.Name, fetch),
		reach:      reach,
		replaced:   replaced,
		connected:  options.Connected,
		connecting: make(chan struct{}, 1),
	}, nil
}

// connect returns once the cluster is connected. While an attempt is under way that
// follows a failed one, others do not wait for it: they fail at once.
func (l *link) connect(ctx context.Context) error {
	if connected, err := l.reach.admit(); connected || err != nil {
		return err
	}
	select {
	case l.connecting <- struct{}{}:
		defer func() { <-l.connecting }()
	default:
		if err := l.reach.failing(); err != nil {
			return err
		}
		select {
		case l.connecting <- struct{}{}:
			defer func() { <-l.connecting }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if connected, err := l.reach.admit(); connected || err != nil {
		return err
	}
	return l.probe(ctx)
}

// probe asks the cluster who it is and what it serves.
func (l *link) probe(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	found, err := l.identify(bounded)
	if err == nil {
		err = l.catalog.refresh(bounded, connectTimeout)
	}
	if err != nil {
		if ctx.Err() == nil {
			l.reach.lost(err)
		}
		return fmt.Errorf("connect to cluster %s: %w", l.reach.cluster, err)
	}
	if l.recognise(found) {
		l.reach.established()
		l.connected()
		return nil
	}
	l.replaced(ctx, l)
	return fmt.Errorf("cluster %s: another cluster answers at its address than before", l.reach.cluster)
}

// recognise notes who answered and reports whether it is the cluster that answered before.
func (l *link) recognise(found identity) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	same := l.identity.uid == "" || l.identity.uid == found.uid
	if same {
		l.identity = found
	}
	return same
}

func (l *link) who() identity {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.identity
}

// resource returns how the cluster serves gvk; see catalog.resource.
func (l *link) resource(ctx context.Context, gvk schema.GroupVersionKind) (Resource, error) {
	if err := l.connect(ctx); err != nil {
		return Resource{}, err
	}
	return l.catalog.resource(ctx, gvk)
}

// watchable returns the resource of a kind in the version that the server prefers.
func (l *link) watchable(ctx context.Context, kind schema.GroupKind) (Resource, error) {
	resource, err := l.resource(ctx, kind.WithVersion(""))
	if err == nil && !resource.Watchable {
		err = fmt.Errorf("cluster %s: %s cannot be watched", l.reach.cluster, kind)
	}
	return resource, err
}
