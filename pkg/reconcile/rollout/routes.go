// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

// routing is the routers of a Rollout and their objects as they are.
type routing struct {
	routers []traffic.Router
	live    traffic.Live
}

// routing reads the objects of the routers that a Rollout names. Objects that cannot be driven make it invalid.
func (p *pass) routing(ctx context.Context, object *v1alpha1.Rollout) (*routing, error) {
	routers, err := traffic.Routers(object)
	if err != nil {
		return nil, invalidError{err}
	}
	found := &routing{routers: routers, live: traffic.Live{}}
	for _, router := range routers {
		for _, need := range router.Needs() {
			if err = p.see(ctx, object, need, found.live); err != nil {
				return nil, err
			}
		}
		if err = router.Validate(found.live); err != nil {
			return nil, invalidError{err}
		}
	}
	return found, nil
}

// see reads what a router has to see.
func (p *pass) see(ctx context.Context, object *v1alpha1.Rollout, need traffic.Need, live traffic.Live) error {
	objects, err := p.site.routes.Read(ctx, need)
	if missing := (&meta.NoKindMatchError{}); errors.As(err, &missing) {
		return invalidError{fmt.Errorf("the cluster does not serve %s: install its CustomResourceDefinition", need.GroupKind)}
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", need.Ref, err)
	}
	for _, one := range objects {
		if err = mayDrive(object, one); err != nil {
			return invalidError{err}
		}
		live[traffic.Ref{GroupKind: need.GroupKind, Namespace: one.GetNamespace(), Name: one.GetName()}] = one
	}
	return nil
}

// mayDrive says why a Rollout must not change an object: one of another namespace belongs to somebody else, who can
// give leave.
func mayDrive(object *v1alpha1.Rollout, one *unstructured.Unstructured) error {
	if one.GetNamespace() == object.Namespace {
		return nil
	}
	given := strings.Split(one.GetAnnotations()[v1alpha1.AnnotationDrivenFrom], ",")
	if slices.ContainsFunc(given, func(name string) bool { return strings.TrimSpace(name) == object.Namespace }) {
		return nil
	}
	return fmt.Errorf("%s %s/%s is of another namespace: its owner can let Rollouts of %s drive it by the annotation %s",
		one.GetKind(), one.GetNamespace(), one.GetName(), object.Namespace, v1alpha1.AnnotationDrivenFrom)
}

// route splits the traffic, and says whether it was split differently before.
func (p *pass) route(
	ctx context.Context, object *v1alpha1.Rollout, found *routing, wanted traffic.Intent,
) (bool, error) {
	changed := false
	for _, router := range found.routers {
		changes, err := router.Route(wanted, found.live)
		if err != nil {
			return false, invalidError{err}
		}
		for _, change := range changes {
			written, writeErr := p.site.routes.Write(ctx, change)
			if err = writeErr; err != nil {
				p.Events.Eventf(object, nil, "Warning", "TrafficRoutingError", "Route", "%s: %v", router.Name(), err)
				return false, fmt.Errorf("route by %s: %w", router.Name(), err)
			}
			found.live[change.Ref] = written
			if change.Delete {
				delete(found.live, change.Ref)
			}
			changed = true
		}
	}
	return changed, nil
}

// put creates, updates or deletes an object of a router.
func (c *routes) put(ctx context.Context, change traffic.Change) (*unstructured.Unstructured, error) {
	known, err := c.open(ctx, traffic.Need{Ref: change.Ref, Versions: []string{change.Object.GroupVersionKind().Version}})
	if err != nil {
		return nil, err
	}
	client := c.calls.Resource(known.resource).Namespace(change.Namespace)
	if change.Delete {
		return nil, c.remove(ctx, known, client, change.Object)
	}
	if change.Create {
		return client.Create(ctx, change.Object, metav1.CreateOptions{FieldManager: manager})
	}
	written, err := client.Update(ctx, change.Object, metav1.UpdateOptions{FieldManager: manager})
	if apierrors.IsNotFound(err) {
		known.written.OnDelete(change.Object)
	}
	return written, err
}

// remove deletes an object of a router as it was read; one that is gone is gone.
func (c *routes) remove(
	ctx context.Context, known *routeKind, client dynamic.ResourceInterface, object *unstructured.Unstructured,
) error {
	uid := object.GetUID()
	err := client.Delete(ctx, object.GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	known.written.OnDelete(object)
	return nil
}
