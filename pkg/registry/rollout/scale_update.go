// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"fmt"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// scaledRollout turns an update of a scale into an update of its Rollout, the owners of the field included.
type scaledRollout struct {
	name  string
	scale rest.UpdatedObjectInfo
}

// Preconditions returns what the client requires of the stored object.
func (s scaledRollout) Preconditions() *metav1.Preconditions {
	return s.scale.Preconditions()
}

// UpdatedObject returns the Rollout with the number of pods of the updated scale.
func (s scaledRollout) UpdatedObject(ctx context.Context, old runtime.Object) (runtime.Object, error) {
	rollout, ok := old.DeepCopyObject().(*v1alpha1.Rollout)
	if !ok {
		return nil, apierrors.NewInternalError(fmt.Errorf("scale of a %T, want a Rollout", old))
	}
	if rollout.ResourceVersion == "" {
		return nil, notFound(s.name)
	}
	owners := managedfields.NewScaleHandler(rollout.ManagedFields, v1alpha1.SchemeGroupVersion,
		managedfields.ResourcePathMappings{
			v1alpha1.SchemeGroupVersion.String(): fieldpath.MakePathOrDie("spec", "replicas"),
		})
	current := scaleOf(rollout)
	var err error
	if current.ManagedFields, err = owners.ToSubresource(); err != nil {
		return nil, fmt.Errorf("read the owners of the scale: %w", err)
	}
	updated, err := s.updatedScale(ctx, current)
	if err != nil {
		return nil, err
	}
	rollout.Spec.Replicas = &updated.Spec.Replicas
	rollout.ResourceVersion = updated.ResourceVersion
	if rollout.ManagedFields, err = owners.ToParent(updated.ManagedFields); err != nil {
		return nil, fmt.Errorf("write the owners of the scale: %w", err)
	}
	return rollout, nil
}

// updatedScale returns the scale that the client asks for. The store compares its resource version.
func (s scaledRollout) updatedScale(
	ctx context.Context, current *autoscalingv1.Scale,
) (*autoscalingv1.Scale, error) {
	obj, err := s.scale.UpdatedObject(ctx, current)
	if err != nil {
		return nil, err
	}
	updated, ok := obj.(*autoscalingv1.Scale)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("send an autoscaling/v1 Scale, not a %T", obj))
	}
	if updated.Spec.Replicas < 0 {
		return nil, apierrors.NewInvalid(autoscalingv1.SchemeGroupVersion.WithKind("Scale").GroupKind(), s.name,
			field.ErrorList{field.Invalid(
				field.NewPath("spec", "replicas"), updated.Spec.Replicas, "must be greater than or equal to 0")})
	}
	if updated.UID != "" && updated.UID != current.UID {
		return nil, apierrors.NewConflict(v1alpha1.Resource("rollouts/scale"), s.name,
			fmt.Errorf("the UID in the request is %s, that of the Rollout is %s", updated.UID, current.UID))
	}
	return updated, nil
}
