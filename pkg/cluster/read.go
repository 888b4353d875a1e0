// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/capstan-dev/capstan/pkg/manifest"
)

// Get reads an object from the cluster, in the version given or in the preferred one where
// it is "". A missing object is an error of reason NotFound.
func (c *Cluster) Get(ctx context.Context, key manifest.Key, version string) (*unstructured.Unstructured, error) {
	link, resource, err := c.locate(ctx, key, version)
	if err != nil {
		return nil, err
	}
	resources := link.objects.Resource(resource.GroupVersionResource())
	object, err := resources.Namespace(key.Namespace).Get(ctx, key.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return object, nil
}

// GetMetadata reads the record of an object that may lack the label of managed ones, for adopting it;
// its health stays unknown. It returns nil where the object does not exist.
func (c *Cluster) GetMetadata(ctx context.Context, key manifest.Key) (*Live, error) {
	link, resource, err := c.locate(ctx, key, "")
	if err != nil {
		return nil, err
	}
	resources := link.metadata.Resource(resource.GroupVersionResource())
	object, err := resources.Namespace(key.Namespace).Get(ctx, key.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	record := Record(resource.Kind, object, nil)
	return &record, nil
}

// Writer returns the client that package apply sends its requests with. Its replies are
// metadata only.
func (c *Cluster) Writer(ctx context.Context) (rest.Interface, error) {
	link, err := c.current()
	if err != nil {
		return nil, err
	}
	if err := link.connect(ctx); err != nil {
		return nil, err
	}
	return link.writer, nil
}

func (c *Cluster) locate(ctx context.Context, key manifest.Key, version string) (*link, Resource, error) {
	if err := CheckPath(key); err != nil {
		return nil, Resource{}, err
	}
	link, err := c.current()
	if err != nil {
		return nil, Resource{}, err
	}
	resource, err := link.resource(ctx, key.GroupKind().WithVersion(version))
	return link, resource, err
}

// CheckPath fails for a key whose name or namespace would lead a request to another URL
// than that of the object.
func CheckPath(key manifest.Key) error {
	if key.Name == "" {
		return fmt.Errorf("%s: metadata.name must be set", key)
	}
	for _, segment := range []string{key.Name, key.Namespace} {
		if problems := rest.IsValidPathSegmentName(segment); len(problems) > 0 {
			return fmt.Errorf("%s: metadata.name and metadata.namespace %s", key, problems[0])
		}
	}
	return nil
}
