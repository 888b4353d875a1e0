// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/capstan-dev/capstan/pkg/analysis/provider"
	"github.com/capstan-dev/capstan/pkg/cluster"
)

// places reach the registered clusters in which analyses run Jobs, and Experiments pods.
type places struct {
	clusters *cluster.Clusters
	// known reports whether every cluster Secret was looked at: before that, a missing cluster means nothing.
	known func() bool
}

// Objects returns a client of a cluster that answers now.
func (p places) Objects(ctx context.Context, name, namespace string) (dynamic.Interface, error) {
	client, err := p.answering(ctx, name, namespace)
	return client.Objects, err
}

// Typed returns a client of a cluster that answers now.
func (p places) Typed(ctx context.Context, name, namespace string) (kubernetes.Interface, error) {
	client, err := p.answering(ctx, name, namespace)
	return client.Typed, err
}

// answering returns the clients of a cluster that answers now.
func (p places) answering(ctx context.Context, name, namespace string) (cluster.Client, error) {
	if !p.known() {
		return cluster.Client{}, fmt.Errorf("%w: clusters are not read yet", provider.ErrAway)
	}
	known, err := p.clusters.ByName(name)
	if err != nil {
		return cluster.Client{}, err
	}
	if !known.Destination().Allows(namespace) {
		return cluster.Client{}, fmt.Errorf("cluster %q is registered without namespace %q", name, namespace)
	}
	clients, err := known.Clients(ctx)
	if err == nil {
		err = clients.Calls.Confirm(ctx)
	}
	if err != nil {
		return cluster.Client{}, errors.Join(provider.ErrAway, err)
	}
	return clients.Calls, nil
}
