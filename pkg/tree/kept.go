// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Kept reads a destination together with what the hub keeps for it.
type Kept struct {
	Reader
	// Hub reads the hub, and Cluster is the name of the destination there.
	Hub     Reader
	Cluster string
	// Keys are the objects of an Application that the hub keeps.
	Keys []manifest.Key
}

// Metadata reads an object in the destination, or one that the hub keeps for it.
func (k Kept) Metadata(ctx context.Context, key manifest.Key) (*metav1.PartialObjectMetadata, error) {
	if !k.keeps(key) {
		return k.Reader.Metadata(ctx, key)
	}
	meta, err := k.Hub.Metadata(ctx, key)
	if err != nil || meta == nil || meta.Annotations[v1alpha1.AnnotationCluster] != k.Cluster {
		return nil, err
	}
	return meta, nil
}

// Get is Metadata for the whole object.
func (k Kept) Get(ctx context.Context, key manifest.Key, version string) (*unstructured.Unstructured, error) {
	if !k.keeps(key) {
		return k.Reader.Get(ctx, key, version)
	}
	return k.Hub.Get(ctx, key, version)
}

// byUID returns the metadata of the object of a UID that the hub keeps, nil for none.
func (k Kept) byUID(ctx context.Context, uid types.UID) (*metav1.PartialObjectMetadata, error) {
	for _, key := range k.Keys {
		meta, err := k.Metadata(ctx, key)
		if err != nil {
			return nil, err
		}
		if meta != nil && meta.UID == uid {
			return meta, nil
		}
	}
	return nil, nil
}

func (k Kept) keeps(key manifest.Key) bool {
	return slices.Contains(k.Keys, key)
}
