// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// ScaleREST serves rollouts/scale: an autoscaler reads and writes the number of pods without knowing Rollouts.
type ScaleREST struct {
	rollouts *registry.REST
}

var (
	_ rest.Patcher                  = &ScaleREST{}
	_ rest.GroupVersionKindProvider = &ScaleREST{}
	_ rest.TableConvertor           = &ScaleREST{}
)

// GroupVersionKind returns the kind of the body, which is not of the Rollouts' group.
func (*ScaleREST) GroupVersionKind(schema.GroupVersion) schema.GroupVersionKind {
	return autoscalingv1.SchemeGroupVersion.WithKind("Scale")
}

// New returns an empty Scale.
func (*ScaleREST) New() runtime.Object {
	return &autoscalingv1.Scale{}
}

// Destroy does nothing: the store belongs to the main resource.
func (*ScaleREST) Destroy() {}

// Get returns the scale of the Rollout of a name.
func (r *ScaleREST) Get(ctx context.Context, name string, options *metav1.GetOptions) (runtime.Object, error) {
	rollout, err := r.rollouts.Get(ctx, name, options)
	if err != nil {
		return nil, err
	}
	return scaleOf(registry.As[*v1alpha1.Rollout](rollout)), nil
}

// Update changes the number of desired pods; it never creates.
func (r *ScaleREST) Update(
	ctx context.Context, name string, info rest.UpdatedObjectInfo, create rest.ValidateObjectFunc,
	update rest.ValidateObjectUpdateFunc, _ bool, options *metav1.UpdateOptions,
) (runtime.Object, bool, error) {
	validateCreate := func(ctx context.Context, obj runtime.Object) error {
		return create(ctx, scaleOf(registry.As[*v1alpha1.Rollout](obj)))
	}
	validateUpdate := func(ctx context.Context, obj, old runtime.Object) error {
		updated, current := registry.As[*v1alpha1.Rollout](obj), registry.As[*v1alpha1.Rollout](old)
		return update(ctx, scaleOf(updated), scaleOf(current))
	}
	rollout, _, err := r.rollouts.Update(
		ctx, name, scaledRollout{name: name, scale: info}, validateCreate, validateUpdate, false, options)
	if err != nil {
		return nil, false, err
	}
	return scaleOf(registry.As[*v1alpha1.Rollout](rollout)), false, nil
}

// ConvertToTable prints a Scale by its name and creation time.
func (r *ScaleREST) ConvertToTable(ctx context.Context, object, options runtime.Object) (*metav1.Table, error) {
	return rest.NewDefaultTableConvertor(v1alpha1.Resource("rollouts/scale")).ConvertToTable(ctx, object, options)
}

// scaleOf returns a Rollout's scale. An absent number of desired pods is 1, as the controller reads it.
func scaleOf(rollout *v1alpha1.Rollout) *autoscalingv1.Scale {
	replicas := int32(1)
	if rollout.Spec.Replicas != nil {
		replicas = *rollout.Spec.Replicas
	}
	return &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{
			Name:              rollout.Name,
			Namespace:         rollout.Namespace,
			UID:               rollout.UID,
			ResourceVersion:   rollout.ResourceVersion,
			CreationTimestamp: rollout.CreationTimestamp,
		},
		Spec:   autoscalingv1.ScaleSpec{Replicas: replicas},
		Status: autoscalingv1.ScaleStatus{Replicas: rollout.Status.HPAReplicas, Selector: rollout.Status.Selector},
	}
}

// notFound says that there is no Rollout of a name to scale.
func notFound(name string) error {
	return apierrors.NewNotFound(v1alpha1.Resource("rollouts/scale"), name)
}
