// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/owner"
	"github.com/capstan-dev/capstan/pkg/reconcile/held"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

// clear deletes what a Rollout has in another cluster, as that itself lists it, and fails until there is nothing.
func (s *site) clear(ctx context.Context, object *v1alpha1.Rollout) error {
	routes, err := s.clearRoutes(ctx, object)
	if err != nil {
		return err
	}
	sets, err := s.clearSets(ctx, object)
	if err == nil && routes+sets > 0 {
		err = errStillThere
	}
	return err
}

// clearSets deletes the ReplicaSets of a Rollout, and returns how many there were.
func (s *site) clearSets(ctx context.Context, object *v1alpha1.Rollout) (int, error) {
	sets := s.client.AppsV1().ReplicaSets(object.Namespace)
	list, err := sets.List(ctx, metav1.ListOptions{LabelSelector: owner.Rollout(object).Selector()})
	if err != nil {
		return 0, err
	}
	for i := range list.Items {
		if err = held.Remove(ctx, &list.Items[i], sets.Delete); err != nil {
			return 0, fmt.Errorf("delete ReplicaSet %s: %w", list.Items[i].Name, err)
		}
	}
	return len(list.Items), nil
}

// clearRoutes deletes what routers have made for a Rollout, also those that it does not name any more, and returns how
// much that was.
func (s *site) clearRoutes(ctx context.Context, object *v1alpha1.Rollout) (int, error) {
	count := 0
	for _, kind := range traffic.Made() {
		mapping, err := s.routes.mapper.RESTMapping(kind.GroupKind, kind.Versions...)
		if meta.IsNoMatchError(err) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("look for %s: %w", kind.GroupKind, err)
		}
		client := s.routes.calls.Resource(mapping.Resource).Namespace(object.Namespace)
		list, err := client.List(ctx, metav1.ListOptions{LabelSelector: owner.Rollout(object).Selector()})
		if apierrors.IsForbidden(err) && !names(object, kind) {
			// A router is not driven without the right to list its objects.
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("list %s: %w", mapping.Resource, err)
		}
		for i := range list.Items {
			deleted := func(ctx context.Context, name string, options metav1.DeleteOptions) error {
				return client.Delete(ctx, name, options)
			}
			if err = held.Remove(ctx, &list.Items[i], deleted); err != nil {
				return 0, fmt.Errorf("delete %s %s: %w", kind.Kind, list.Items[i].GetName(), err)
			}
		}
		count += len(list.Items)
	}
	return count, nil
}

// names reports whether a Rollout names a router of a kind, or one that cannot be told.
func names(object *v1alpha1.Rollout, kind traffic.Need) bool {
	routers, err := traffic.Routers(object)
	return err != nil || slices.ContainsFunc(routers, func(router traffic.Router) bool {
		return slices.ContainsFunc(router.Needs(), func(need traffic.Need) bool { return need.GroupKind == kind.GroupKind })
	})
}
