// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Gate judges what becomes of the tier of a Cluster.
type Gate interface {
	// Tier fails where a write lowers a tier without the right to; after is nil where the Cluster is deleted.
	Tier(ctx context.Context, before, after *v1alpha1.Cluster, who user.Info) error
}

// tier guards Clusters: which of them are production decides what is held there.
type tier struct{ gate Gate }

// Judge asks the gate; whoever creates a Cluster may say of which tier it is.
func (t tier) Judge(ctx context.Context, before, after runtime.Object) error {
	if before == nil {
		return nil
	}
	return t.gate.Tier(ctx,
		registry.As[*v1alpha1.Cluster](before), registry.As[*v1alpha1.Cluster](after), registry.Client(ctx))
}
