// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"cmp"
	"context"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Reader reads a destination.
type Reader interface {
	Served(ctx context.Context) ([]cluster.Resource, map[string]error, error)
	Scan(ctx context.Context, resource cluster.Resource, namespace string, limit int,
		each func(*metav1.PartialObjectMetadata)) (more bool, err error)
	Metadata(ctx context.Context, key manifest.Key) (*metav1.PartialObjectMetadata, error)
	Get(ctx context.Context, key manifest.Key, version string) (*unstructured.Unstructured, error)
}

var _ Reader = &cluster.Cluster{}

// Root is one object that an Application manages, as its record has it.
type Root struct {
	manifest.Key
	Version string
	Health  *health.Health
}

// Input says what to look for.
type Input struct {
	// Instance is the name that the tracking annotation carries.
	Instance string
	// Roots are the managed objects.
	Roots []Root
	// Rules rate what the roots own; nil rates nothing.
	Rules cluster.HealthRules
	// OrphansIn is the namespace whose objects are reported that no Application tracks; "" reports none.
	OrphansIn string
	// Orphan tells whether such an object counts.
	Orphan func(manifest.Key) bool
}

// Node is one object.
type Node struct {
	manifest.Key
	Version string
	// UID is "" for a managed object that is not there, or could not be read.
	UID     types.UID
	Created time.Time
	// Parents are the owners in the tree.
	Parents []Parent
	// Managed reports that the Application itself manages the object.
	Managed bool
	Health  *health.Health
	// Images are those of a Pod's containers.
	Images []string
}

// Parent is an owner in the tree.
type Parent struct {
	manifest.Key
	UID types.UID
}

// Gap is what could not be read.
type Gap struct {
	schema.GroupKind
	Namespace string
	Message   string
}

// Tree is what was found.
type Tree struct {
	Nodes    []Node
	Orphaned []Node
	// Unread names what may hold more.
	Unread []Gap
}

// Read finds the tree. It fails only where nothing at all can be said.
func Read(ctx context.Context, from Reader, input Input) (Tree, error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	found, err := scan(ctx, from, input)
	if err != nil {
		return Tree{}, err
	}
	found.roots(ctx, from, input)
	found.claims(ctx, from)
	tree := found.link(input)
	found.rate(ctx, from, input.Rules, tree.Nodes)
	found.orphans(input, &tree)
	tree.Unread = found.gaps
	sortNodes(tree.Nodes)
	sortNodes(tree.Orphaned)
	slices.SortFunc(tree.Unread, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.Message, b.Message))
	})
	return tree, nil
}

// Under returns the nodes that a node owns, itself included.
func (t Tree) Under(key manifest.Key) []Node {
	within := map[types.UID]bool{}
	var under []Node
	for grown := true; grown; {
		grown = false
		for _, node := range t.Nodes {
			isPart := node.Key == key || slices.ContainsFunc(node.Parents, func(p Parent) bool { return within[p.UID] })
			if node.UID != "" && isPart && !within[node.UID] {
				within[node.UID], grown = true, true
				under = append(under, node)
			}
		}
	}
	sortNodes(under)
	return under
}

func sortNodes(nodes []Node) {
	slices.SortFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Name, b.Name))
	})
}
