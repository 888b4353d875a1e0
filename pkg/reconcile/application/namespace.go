// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"sync"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/project"
)

// namespaces remembers which namespaces were made, so that each costs one request.
type namespaces struct {
	mu sync.Mutex
	// known maps server, namespace and Application to the digest of what was applied.
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

func (n *namespaces) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known = map[string]string{}
}

// ensureNamespace makes the destination's namespace where the sync options ask for it. It
// carries no tracking annotation: the namespace outlives the Application (as Argo CD 3.6).
func (r *Reconciler) ensureNamespace(ctx context.Context, p *pass, dryRun bool) error {
	name := p.app.Spec.Destination.Namespace
	if name == "" || !optionsOf(p.app).CreateNamespace {
		return nil
	}
	var labels, annotations map[string]string
	if metadata := managedMetadata(p.app); metadata != nil {
		labels, annotations = metadata.Labels, metadata.Annotations
	}
	change, err := apply.Namespace(name, r.instanceName(p.app), labels, annotations)
	if err != nil {
		return err
	}
	place, digest := r.placeOf(p), change.Manifest.Digest.String()
	if r.namespaces.has(place, digest) {
		return nil
	}
	for _, result := range r.apply(ctx, p, []apply.Change{change}, apply.Options{DryRun: dryRun}) {
		if result.Err != nil {
			return fmt.Errorf("create namespace %s: %w", name, result.Err)
		}
	}
	if err := r.ensureHubNamespace(ctx, p, name, dryRun); err != nil {
		return err
	}
	if !dryRun {
		r.namespaces.put(place, digest)
	}
	return nil
}

// ensureHubNamespace makes the namespace on the hub where that keeps something for the destination, and the project
// permits the hub with that namespace. What the Application says of the namespace is for the destination: the one on
// the hub may be somebody else's.
func (r *Reconciler) ensureHubNamespace(ctx context.Context, p *pass, name string, dryRun bool) error {
	hub := r.hub(p.target)
	if hub == nil || len(p.kept) == 0 {
		return nil
	}
	if err := project.PermitsDestination(p.owner, permitted(hub, name)); err != nil {
		return hubNamespaceFound(ctx, hub, name, err)
	}
	change, err := apply.Namespace(name, r.instanceName(p.app), nil, nil)
	if err != nil {
		return err
	}
	for _, result := range r.Applier.Apply(ctx, hub, []apply.Change{change}, apply.Options{DryRun: dryRun}) {
		if result.Err != nil {
			return fmt.Errorf("create namespace %s on the hub: %w", name, result.Err)
		}
	}
	return nil
}

// hubNamespaceFound fails where the hub lacks a namespace that may not be made there.
func hubNamespaceFound(ctx context.Context, hub *cluster.Cluster, name string, forbidden error) error {
	found, err := hub.GetMetadata(ctx, manifest.Key{Kind: "Namespace", Name: name})
	switch {
	case err != nil:
		return fmt.Errorf("read namespace %s of the hub: %w", name, err)
	case found == nil:
		return fmt.Errorf("namespace %s is not on the hub, which keeps objects for the cluster there, and "+
			"CreateNamespace=true does not make it: %w; have it made on the hub: kubectl create namespace %s",
			name, forbidden, name)
	default:
		return nil
	}
}

// forgetNamespace makes the next sync look at the namespace again.
func (r *Reconciler) forgetNamespace(p *pass) {
	r.namespaces.drop(r.placeOf(p))
}

// placeOf names a namespace as one Application made it.
func (r *Reconciler) placeOf(p *pass) string {
	place := p.target.Server() + "/" + p.app.Spec.Destination.Namespace + "/" + r.instanceName(p.app)
	if len(p.kept) > 0 {
		place += "/kept"
	}
	return place
}

func managedMetadata(app *v1alpha1.Application) *v1alpha1.ManagedNamespaceMetadata {
	if app.Spec.SyncPolicy == nil {
		return nil
	}
	return app.Spec.SyncPolicy.ManagedNamespaceMetadata
}
