// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/client-go/dynamic"

	"github.com/capstan-dev/capstan/pkg/analysis/provider"
	"github.com/capstan-dev/capstan/pkg/cluster"
)

// places reach the registered clusters in which analyses run Jobs.
type places struct {
	clusters *cluster.Clusters
	// known reports whether every cluster Secret was looked at: before that, a missing cluster means nothing.
	known func() bool
}

// Objects returns a client of a cluster that answers now.
func (p places) Objects(ctx context.Context, name, namespace string) (dynamic.Interface, error) {
	if !p.known() {
		return nil, fmt.Errorf("%w: clusters are not read yet", provider.ErrAway)
	}
	known, err := p.clusters.ByName(name)
	if err != nil {
		return nil, err
	}
	if !known.Destination().Allows(namespace) {
		return nil, fmt.Errorf("cluster %q is registered without namespace %q", name, namespace)
	}
	clients, err := known.Clients(ctx)
	if err == nil {
		err = clients.Calls.Confirm(ctx)
	}
	if err != nil {
		return nil, errors.Join(provider.ErrAway, err)
	}
	return clients.Calls.Objects, nil
}
