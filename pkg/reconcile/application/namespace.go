// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/capstan-dev/capstan/pkg/apply"
)

const createNamespace = "CreateNamespace=true"

// namespaces remembers which namespaces were made, so that each costs one request.
type namespaces struct {
	mu sync.Mutex
	// known maps server and namespace to the digest of what was applied.
	known map[string]string
}

func (n *namespaces) has(place, digest string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.known[place] == digest
}

func (n *namespaces) put(place, digest string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known[place] = digest
}

func (n *namespaces) drop(place string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.known, place)
}

// ensureNamespace makes the destination's namespace where the sync options ask for it. It
// carries no tracking annotation: the namespace outlives the Application (as Argo CD 3.6).
func (r *Reconciler) ensureNamespace(ctx context.Context, p *pass, dryRun bool) error {
	name := p.app.Spec.Destination.Namespace
	policy := p.app.Spec.SyncPolicy
	if policy == nil || name == "" || !slices.Contains(policy.SyncOptions, createNamespace) {
		return nil
	}
	var labels, annotations map[string]string
	if metadata := policy.ManagedNamespaceMetadata; metadata != nil {
		labels, annotations = metadata.Labels, metadata.Annotations
	}
	change, err := apply.Namespace(name, labels, annotations)
	if err != nil {
		return err
	}
	place, digest := p.target.Server()+"/"+name, change.Manifest.Digest.String()
	if r.namespaces.has(place, digest) {
		return nil
	}
	for _, result := range r.Applier.Apply(ctx, p.target, []apply.Change{change}, apply.Options{DryRun: dryRun}) {
		if result.Err != nil {
			return fmt.Errorf("create namespace %s: %w", name, result.Err)
		}
	}
	if !dryRun {
		r.namespaces.put(place, digest)
	}
	return nil
}

// forgetNamespace makes the next sync look at the namespace again.
func (r *Reconciler) forgetNamespace(p *pass) {
	r.namespaces.drop(p.target.Server() + "/" + p.app.Spec.Destination.Namespace)
}
