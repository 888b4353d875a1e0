// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/health"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// roots reads the managed objects that no list showed. One that is not there has no UID in the tree.
func (f *finding) roots(ctx context.Context, from Reader, input Input) {
	var reads []func()
	for _, root := range input.Roots {
		if _, seen := f.byKey[root.Key]; seen {
			continue
		}
		if f.reads++; f.reads > maxReads {
			f.gap(root.GroupKind(), root.Namespace, fmt.Sprintf("only %d objects are read one by one", maxReads))
			continue
		}
		reads = append(reads, func() {
			meta, err := from.Metadata(ctx, root.Key)
			if err != nil {
				f.gap(root.GroupKind(), root.Namespace, err.Error())
			}
			if meta != nil {
				f.keep(objectOf(meta.GroupVersionKind(), meta), true)
			}
		})
	}
	parallel(reads)
}

// claims makes StatefulSets the owners of the claims that they made: their names alone say so.
func (f *finding) claims(ctx context.Context, from Reader) {
	for key, set := range f.byKey {
		if key.GroupKind() != statefulSetKind() || !f.hasClaims(key.Namespace) {
			continue
		}
		full, err := from.Get(ctx, key, set.version)
		if err != nil {
			f.gap(claimKind(), key.Namespace, err.Error())
			continue
		}
		templates, _, _ := unstructured.NestedSlice(full.Object, "spec", "volumeClaimTemplates")
		for _, template := range templates {
			fields, _ := template.(map[string]any)
			name, _, _ := unstructured.NestedString(fields, "metadata", "name")
			f.claim(set, name+"-"+key.Name+"-")
		}
	}
}

func (f *finding) hasClaims(namespace string) bool {
	for key := range f.byKey {
		if key.GroupKind() == claimKind() && key.Namespace == namespace {
			return true
		}
	}
	return false
}

func (f *finding) claim(set object, prefix string) {
	for key, claim := range f.byKey {
		ordinal, named := strings.CutPrefix(key.Name, prefix)
		if key.GroupKind() != claimKind() || key.Namespace != set.Namespace || !named || ordinal == "" ||
			strings.Trim(ordinal, "0123456789") != "" {
			continue
		}
		claim.owners = append(claim.owners, metav1.OwnerReference{
			APIVersion: "apps/" + set.version, Kind: set.Kind, Name: set.Name, UID: set.uid,
		})
		f.byKey[key] = claim
	}
}

// link follows owner references down from the roots.
func (f *finding) link(input Input) Tree {
	owned := map[types.UID][]object{}
	for _, o := range f.byKey {
		for _, owner := range o.owners {
			owned[owner.UID] = append(owned[owner.UID], o)
		}
	}
	nodes := map[manifest.Key]*Node{}
	var next []object
	for _, root := range input.Roots {
		o, seen := f.byKey[root.Key]
		node := &Node{Key: root.Key, Version: root.Version, Managed: true, Health: root.Health}
		switch {
		case seen && o.instance == input.Instance:
			node.Version, node.UID, node.Created = o.version, o.uid, o.created
			next = append(next, o)
		case !seen && !f.unread(root.Key):
			node.Health = &health.Health{Status: health.Missing}
		}
		nodes[root.Key] = node
	}
	for len(next) > 0 {
		parent := next[0]
		next = next[1:]
		for _, child := range owned[parent.uid] {
			if !reaches(parent, child) {
				continue
			}
			node, known := nodes[child.Key]
			if !known {
				node = &Node{Key: child.Key, Version: child.version, UID: child.uid, Created: child.created}
				nodes[child.Key] = node
				next = append(next, child)
			}
			node.Parents = append(node.Parents, Parent{Key: parent.Key, UID: parent.uid})
		}
	}
	tree := Tree{Nodes: make([]Node, 0, len(nodes))}
	for _, node := range nodes {
		tree.Nodes = append(tree.Nodes, *node)
	}
	return tree
}

// reaches tells whether a reference of child really means parent: an owner is in the same namespace
// or in none, and a UID is nobody's secret.
func reaches(parent, child object) bool {
	if parent.Namespace != "" && parent.Namespace != child.Namespace {
		return false
	}
	for _, owner := range child.owners {
		if owner.UID == parent.uid && owner.Kind == parent.Kind && groupOf(owner) == parent.Group &&
			(owner.Name == parent.Name || owner.Name == "" && parent.kept) {
			return true
		}
	}
	return false
}

func groupOf(owner metav1.OwnerReference) string {
	gv, err := schema.ParseGroupVersion(owner.APIVersion)
	if err != nil {
		return ""
	}
	return gv.Group
}

// unread tells whether a gap may hold the object of a key.
func (f *finding) unread(key manifest.Key) bool {
	for _, gap := range f.gaps {
		anyKind := gap.GroupKind == schema.GroupKind{} || gap.GroupKind == schema.GroupKind{Group: key.Group}
		if (anyKind || gap.GroupKind == key.GroupKind()) && (gap.Namespace == "" || gap.Namespace == key.Namespace) {
			return true
		}
	}
	return false
}

// orphans reports what nobody tracks and nothing owns.
func (f *finding) orphans(input Input, tree *Tree) {
	if input.OrphansIn == "" {
		return
	}
	within := map[types.UID]bool{}
	for _, node := range tree.Nodes {
		within[node.UID] = true
	}
	for key, o := range f.byKey {
		if key.Namespace == input.OrphansIn && o.instance == "" && len(o.owners) == 0 && !within[o.uid] &&
			!f.managed[key] && input.Orphan(key) {
			tree.Orphaned = append(tree.Orphaned, Node{Key: key, Version: o.version, UID: o.uid, Created: o.created})
		}
	}
}
