// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

// pageSize is how many objects one page of a list holds.
const pageSize = 500

// Served returns the kinds that the cluster was last seen to serve and that can be listed, each in
// the preferred version, and the groups whose kinds could not be read.
func (c *Cluster) Served(ctx context.Context) ([]Resource, map[string]error, error) {
	link, err := c.current()
	if err != nil {
		return nil, nil, err
	}
	if err := link.connect(ctx); err != nil {
		return nil, nil, err
	}
	listable, failed := link.catalog.listable()
	return listable, failed, nil
}

func (c *catalog) listable() ([]Resource, map[string]error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var listable []Resource
	for _, kind := range sortedKinds(c.last.preferred) {
		if resource := c.last.preferred[kind]; resource.Watchable {
			listable = append(listable, resource)
		}
	}
	return listable, maps.Clone(c.last.failed)
}

// Scan hands each the metadata of the objects of a kind in a namespace, page by page, so that no
// more than a page is held. It stops before the page that would pass limit, and then reports that
// there is more.
func (c *Cluster) Scan(
	ctx context.Context, resource Resource, namespace string, limit int, each func(*metav1.PartialObjectMetadata),
) (more bool, err error) {
	link, err := c.readable(ctx, namespace)
	if err != nil {
		return false, err
	}
	objects := link.metadata.Resource(resource.GroupVersionResource()).Namespace(namespace)
	options := metav1.ListOptions{Limit: pageSize}
	for seen := 0; seen < limit; {
		page, err := objects.List(ctx, options)
		if err != nil {
			return false, fmt.Errorf("list %s in namespace %q: %w", resource.Kind.GroupKind(), namespace, err)
		}
		for i := range page.Items {
			each(&page.Items[i])
		}
		if seen += len(page.Items); page.Continue == "" {
			return false, nil
		}
		options.Continue = page.Continue
	}
	return true, nil
}

// Metadata reads the metadata of an object; it returns nil where the object does not exist, or
// where the cluster does not serve its kind.
func (c *Cluster) Metadata(ctx context.Context, key manifest.Key) (*metav1.PartialObjectMetadata, error) {
	if _, err := c.readable(ctx, key.Namespace); err != nil {
		return nil, err
	}
	link, resource, err := c.locate(ctx, key, "")
	if isNoKind(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	object, err := link.metadata.Resource(resource.GroupVersionResource()).Namespace(key.Namespace).
		Get(ctx, key.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	object.SetGroupVersionKind(resource.Kind)
	return object, nil
}

// readable returns the connection where the destination lets a namespace be read.
func (c *Cluster) readable(ctx context.Context, namespace string) (*link, error) {
	if !c.Destination().Allows(namespace) {
		return nil, fmt.Errorf("the cluster is registered without namespace %q", namespace)
	}
	link, err := c.current()
	if err != nil {
		return nil, err
	}
	return link, link.connect(ctx)
}
