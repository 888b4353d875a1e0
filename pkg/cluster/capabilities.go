// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Capabilities is what charts may ask of a cluster, as it was when they were taken.
type Capabilities struct {
	cluster string
	version string
	digest  string
	known   kinds
}

// Capabilities returns what a connected cluster offers. It makes no call.
func (c *Cluster) Capabilities() (Capabilities, error) {
	link, err := c.current()
	if err != nil {
		return Capabilities{}, err
	}
	link.catalog.mu.RLock()
	defer link.catalog.mu.RUnlock()
	return Capabilities{
		cluster: link.reach.cluster, version: link.who().version,
		digest: link.catalog.digest, known: link.catalog.last,
	}, nil
}

// Digest changes with whatever the other methods return.
func (c Capabilities) Digest() string { return c.version + " " + c.digest }

// KubeVersion returns the version of the API server, like v1.37.2.
func (c Capabilities) KubeVersion() (string, error) {
	if c.version == "" {
		return "", errors.New("the version of cluster " + c.cluster + " is not known yet")
	}
	return c.version, nil
}

// APIVersions returns every group version, alone and with each of its kinds, in order. It
// fails where a group could not be read: its absence would be a guess.
func (c Capabilities) APIVersions() ([]string, error) {
	for group, failure := range c.known.failed {
		return nil, &DiscoveryError{Cluster: c.cluster, Group: group, Err: failure}
	}
	return c.known.names(), nil
}

func (k kinds) names() []string {
	names := make([]string, 0, 2*len(k.byVersion))
	for gvk := range k.byVersion {
		names = append(names, gvk.GroupVersion().String(), gvk.GroupVersion().String()+"/"+gvk.Kind)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (k kinds) digest() string {
	all := append(k.names(), "failed")
	all = append(all, slices.Sorted(maps.Keys(k.failed))...)
	return manifest.DigestOf([]byte(strings.Join(all, "\n"))).String()
}

// Serves reports whether the cluster has a group version, or a kind of one: "v1",
// "apps/v1", "v1/Pod" or "apps/v1/Deployment".
func (c Capabilities) Serves(name string) (bool, error) {
	for _, candidate := range readings(name) {
		for gvk := range c.known.byVersion {
			if gvk.GroupVersion() == candidate.GroupVersion() && (candidate.Kind == "" || gvk.Kind == candidate.Kind) {
				return true, nil
			}
		}
		if failure := c.known.failed[candidate.Group]; failure != nil {
			return false, &DiscoveryError{Cluster: c.cluster, Group: candidate.Group, Err: failure}
		}
	}
	return false, nil
}

// readings are what a name can mean: with one slash it is a group version or a kind of the
// core group.
func readings(name string) []schema.GroupVersionKind {
	parts := strings.Split(name, "/")
	switch len(parts) {
	case 1:
		return []schema.GroupVersionKind{{Version: parts[0]}}
	case 2:
		return []schema.GroupVersionKind{{Group: parts[0], Version: parts[1]}, {Version: parts[0], Kind: parts[1]}}
	case 3:
		return []schema.GroupVersionKind{{Group: parts[0], Version: parts[1], Kind: parts[2]}}
	}
	return nil
}
