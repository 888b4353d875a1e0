// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package podstage

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// claims binds each claim to a volume that has a name only.
type claims struct {
	client kubernetes.Interface
	lister listers.PersistentVolumeClaimLister
}

func (c *claims) sync(ctx context.Context, key string) (time.Duration, error) {
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return 0, err
	}
	claim, err := c.lister.PersistentVolumeClaims(namespace).Get(name)
	if apierrors.IsNotFound(err) {
		return 0, nil
	}
	if err != nil || claim.Status.Phase == corev1.ClaimBound || claim.DeletionTimestamp != nil {
		return 0, err
	}
	claim = claim.DeepCopy()
	client := c.client.CoreV1().PersistentVolumeClaims(namespace)
	if claim.Spec.VolumeName == "" {
		claim.Spec.VolumeName = "pvc-" + string(claim.UID)
		if claim, err = client.Update(ctx, claim, metav1.UpdateOptions{}); err != nil {
			return 0, ignoreStale(err)
		}
	}
	claim.Status.Phase = corev1.ClaimBound
	claim.Status.AccessModes = claim.Spec.AccessModes
	claim.Status.Capacity = claim.Spec.Resources.Requests
	_, err = client.UpdateStatus(ctx, claim, metav1.UpdateOptions{})
	return 0, ignoreStale(err)
}

// ignoreStale drops the error of an object that has changed or gone since it was read: the watch brings what is next.
func ignoreStale(err error) error {
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}
