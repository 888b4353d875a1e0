// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

// maxAncestors bounds the owners that are read to find out where an object belongs.
const maxAncestors = 32

// ErrNotFound says that a tree holds no object of a key: whether there is one elsewhere is not told.
var ErrNotFound = errors.New("no such resource in the Application's tree")

// Find returns the metadata of the object of a key, if it is in the tree of an instance now: tracked
// itself, or owned by what is (as in CVE-2022-24768 and CVE-2022-1025, what a caller names is not
// believed). It fails with ErrNotFound where it is not.
func Find(ctx context.Context, from Reader, instance string, key manifest.Key) (*metav1.PartialObjectMetadata, error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	meta, err := from.Metadata(ctx, key)
	if err != nil {
		return nil, err
	}
	if meta == nil {
		return nil, ErrNotFound
	}
	next := []object{objectOf(meta.GroupVersionKind(), meta)}
	for reads := 0; len(next) > 0; {
		child := next[0]
		next = next[1:]
		if child.instance == instance {
			return meta, nil
		}
		for _, owner := range child.owners {
			if reads++; reads > maxAncestors {
				return nil, ErrNotFound
			}
			parent, err := ownerOf(ctx, from, child, owner)
			if err != nil {
				return nil, err
			}
			if parent != nil && reaches(*parent, child) {
				next = append(next, *parent)
			}
		}
	}
	return nil, ErrNotFound
}

// ownerOf reads the owner that a reference means: in the namespace of the child, or in none.
func ownerOf(ctx context.Context, from Reader, child object, owner metav1.OwnerReference) (*object, error) {
	if kept, keeps := from.(Kept); keeps && owner.Name == "" {
		meta, err := kept.byUID(ctx, owner.UID)
		if err != nil || meta == nil {
			return nil, err
		}
		found := objectOf(meta.GroupVersionKind(), meta)
		return &found, nil
	}
	key := manifest.Key{Group: groupOf(owner), Kind: owner.Kind, Namespace: child.Namespace, Name: owner.Name}
	served, _, err := from.Served(ctx)
	if err != nil {
		return nil, err
	}
	for _, resource := range served {
		if resource.Kind.GroupKind() == key.GroupKind() && !resource.Namespaced {
			key.Namespace = ""
		}
	}
	meta, err := from.Metadata(ctx, key)
	if err != nil || meta == nil {
		return nil, err
	}
	found := objectOf(meta.GroupVersionKind(), meta)
	return &found, nil
}
