// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Use sets the kinds that application uses: those it wants and those it may still own
// objects of. Watches start in the background for kinds that nobody used before, and end
// for kinds that nobody uses any more. Only values of ctx are kept.
func (c *Cluster) Use(ctx context.Context, application string, kinds []schema.GroupKind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	kinds = slices.Clone(kinds)
	slices.SortFunc(kinds, compareKinds)
	kinds = slices.Compact(kinds)
	before := c.uses[application]
	if slices.Equal(before, kinds) {
		return
	}
	c.uses[application] = kinds
	if len(kinds) == 0 {
		delete(c.uses, application)
	}
	for _, kind := range kinds {
		if c.users[kind] == nil {
			c.users[kind] = map[string]struct{}{}
			c.watchLocked(ctx, kind)
		}
		c.users[kind][application] = struct{}{}
	}
	for _, kind := range before {
		if !slices.Contains(kinds, kind) {
			c.unuseLocked(application, kind)
		}
	}
}

// Release ends the use of all kinds by application.
func (c *Cluster) Release(application string) {
	c.Use(context.Background(), application, nil)
}

func (c *Cluster) unuseLocked(application string, kind schema.GroupKind) {
	delete(c.users[kind], application)
	if len(c.users[kind]) > 0 {
		return
	}
	delete(c.users, kind)
	for s, w := range c.watches {
		if s.kind == kind {
			w.stop()
			delete(c.watches, s)
			c.index.replace(s, nil)
		}
	}
}

func (c *Cluster) watchLocked(ctx context.Context, kind schema.GroupKind) {
	scopes := []scope{}
	for _, namespace := range c.destination.Namespaces {
		scopes = append(scopes, scope{kind: kind, namespace: namespace})
	}
	if c.destination.Allows("") || len(scopes) > 0 {
		scopes = append(scopes, scope{kind: kind})
	}
	for _, s := range scopes {
		c.watches[s] = startWatch(ctx, s, c, c.link)
	}
}

// needsObjects reports whether a health rule wants to see whole objects of kind.
func (c *Cluster) needsObjects(kind schema.GroupKind) bool {
	return c.options.HealthRules != nil && c.options.HealthRules.Has(kind)
}

// tell publishes changes that matter, to the owner before and to the owner after.
func (c *Cluster) tell(changes ...change) {
	for _, change := range changes {
		if !change.matters() {
			continue
		}
		var before string
		if change.old != nil {
			before = change.old.Application
		}
		if before != "" {
			c.publish(before, change.old.Key)
		}
		if change.new != nil && change.new.Application != "" && change.new.Application != before {
			c.publish(change.new.Application, change.new.Key)
		}
	}
}

// tellKind publishes to all users of kind that it became known or is gone.
func (c *Cluster) tellKind(kind schema.GroupKind) {
	c.mu.RLock()
	users := slices.Sorted(maps.Keys(c.users[kind]))
	c.mu.RUnlock()
	for _, application := range users {
		c.publish(application, manifest.Key{Group: kind.Group, Kind: kind.Kind})
	}
}

func compareKinds(a, b schema.GroupKind) int {
	return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind))
}

func sortedKinds[V any](kinds map[schema.GroupKind]V) []schema.GroupKind {
	return slices.SortedFunc(maps.Keys(kinds), compareKinds)
}
