// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// What one answer may cost.
const (
	maxTime       = 20 * time.Second
	maxParallel   = 8
	maxNamespaces = 30
	// maxScanned bounds the objects of one list, maxKept those that are remembered of all lists.
	maxScanned = 10_000
	maxKept    = 20_000
	// maxReads bounds the objects that are read one by one.
	maxReads = 500
)

// object is what is remembered of one that may be part of the tree.
type object struct {
	manifest.Key
	version string
	uid     types.UID
	created time.Time
	owners  []metav1.OwnerReference
	// instance is the one that the tracking annotation names, "" for none.
	instance string
	// kept reports that the hub keeps the object for the cluster of the others.
	kept bool
}

func objectOf(kind schema.GroupVersionKind, meta *metav1.PartialObjectMetadata) object {
	key := manifest.Key{Group: kind.Group, Kind: kind.Kind, Namespace: meta.Namespace, Name: meta.Name}
	return object{
		Key: key, version: kind.Version, uid: meta.UID, created: meta.CreationTimestamp.Time,
		owners: ownersOf(meta), instance: live.Tracked(meta.Annotations, key),
		kept: meta.Annotations[v1alpha1.AnnotationCluster] != "",
	}
}

// ownersOf are the owners of an object. One that a Rollout of the hub has made in another cluster says so by a label: a
// reference would be to nothing there, and the cluster would delete the object.
func ownersOf(meta *metav1.PartialObjectMetadata) []metav1.OwnerReference {
	owners := slices.Clone(meta.OwnerReferences)
	if uid := meta.Labels[v1alpha1.LabelRolloutUID]; uid != "" {
		owners = append(owners, metav1.OwnerReference{
			APIVersion: live.RolloutGroup + "/v1alpha1", Kind: "Rollout", UID: types.UID(uid),
		})
	}
	return owners
}

// finding is what was seen so far.
type finding struct {
	mu      sync.Mutex
	byKey   map[manifest.Key]object
	gaps    []Gap
	full    bool
	managed map[manifest.Key]bool
	reads   int
}

// scan lists all that may be owned, where the roots are.
func scan(ctx context.Context, from Reader, input Input) (*finding, error) {
	served, failed, err := from.Served(ctx)
	if err != nil {
		return nil, err
	}
	found := &finding{byKey: map[manifest.Key]object{}, managed: map[manifest.Key]bool{}}
	for _, root := range input.Roots {
		found.managed[root.Key] = true
	}
	for group, err := range failed {
		found.gap(schema.GroupKind{Group: group}, "", err.Error())
	}
	var lists []func()
	for _, namespace := range found.namespaces(input) {
		for _, resource := range served {
			if resource.Namespaced == (namespace != "") && ownable(resource.Kind.GroupKind()) {
				lists = append(lists, func() { found.list(ctx, from, resource, namespace, input.OrphansIn) })
			}
		}
	}
	parallel(lists)
	return found, nil
}

// namespaces are those to be listed; "" stands for cluster-scoped kinds, where a root may own some.
func (f *finding) namespaces(input Input) []string {
	var namespaces []string
	for _, root := range input.Roots {
		if root.Namespace != "" || owns(root.GroupKind()) {
			namespaces = append(namespaces, root.Namespace)
		}
	}
	if input.OrphansIn != "" {
		namespaces = append(namespaces, input.OrphansIn)
	}
	slices.Sort(namespaces)
	namespaces = slices.Compact(namespaces)
	for _, beyond := range namespaces[min(len(namespaces), maxNamespaces):] {
		f.gap(schema.GroupKind{}, beyond, fmt.Sprintf("only the first %d namespaces are listed", maxNamespaces))
	}
	return namespaces[:min(len(namespaces), maxNamespaces)]
}

func (f *finding) list(ctx context.Context, from Reader, resource cluster.Resource, namespace, orphansIn string) {
	keepAll := orphansIn != "" && namespace == orphansIn
	more, err := from.Scan(ctx, resource, namespace, maxScanned, func(meta *metav1.PartialObjectMetadata) {
		f.keep(objectOf(resource.Kind, meta), keepAll)
	})
	switch {
	case err != nil:
		f.gap(resource.Kind.GroupKind(), namespace, err.Error())
	case more:
		f.gap(resource.Kind.GroupKind(), namespace, fmt.Sprintf("only the first %d objects are looked at", maxScanned))
	}
}

// keep remembers what is managed, owned, or a claim, which belongs to a StatefulSet by its name.
func (f *finding) keep(o object, all bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !all && !f.managed[o.Key] && len(o.owners) == 0 && o.GroupKind() != claimKind() {
		return
	}
	if len(f.byKey) >= maxKept {
		if !f.full {
			f.full = true
			f.gaps = append(f.gaps, Gap{Message: fmt.Sprintf("only the first %d objects are remembered", maxKept)})
		}
		return
	}
	f.byKey[o.Key] = o
}

func (f *finding) gap(kind schema.GroupKind, namespace, message string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gaps = append(f.gaps, Gap{GroupKind: kind, Namespace: namespace, Message: message})
}

// parallel runs calls, a few at a time.
func parallel(calls []func()) {
	places := make(chan struct{}, maxParallel)
	var running sync.WaitGroup
	for _, call := range calls {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			call()
		})
	}
	running.Wait()
}
