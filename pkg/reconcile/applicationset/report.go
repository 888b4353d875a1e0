// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// report writes the status where it says something new, and takes off the annotation that
// asked for a pass: clients wait for that.
func (r *Reconciler) report(ctx context.Context, set *v1alpha1.ApplicationSet, seen observation) error {
	seen.now = metav1.NewTime(r.Clock.Now().Truncate(1e9))
	status := fold(set.Status, seen)
	if !equality.Semantic.DeepEqual(set.Status, status) {
		changed := set.DeepCopy()
		changed.Status = status
		sets := r.Client.ArgoprojV1alpha1().ApplicationSets(set.Namespace)
		if _, err := sets.UpdateStatus(ctx, changed, metav1.UpdateOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("write status of ApplicationSet %s: %w", set.Name, err)
		}
		r.complain(set, status)
	}
	return r.acknowledge(ctx, set)
}

// complain emits an Event of an error that is new.
func (r *Reconciler) complain(set *v1alpha1.ApplicationSet, status v1alpha1.ApplicationSetStatus) {
	now := conditionOf(status, v1alpha1.ApplicationSetConditionErrorOccurred)
	before := conditionOf(set.Status, v1alpha1.ApplicationSetConditionErrorOccurred)
	if now.Status == v1alpha1.ApplicationSetConditionStatusTrue && before.Message != now.Message {
		r.Events.Eventf(set, nil, corev1.EventTypeWarning, now.Reason, "Reconcile", "%s", now.Message)
	}
}

func (r *Reconciler) acknowledge(ctx context.Context, set *v1alpha1.ApplicationSet) error {
	if _, asked := set.Annotations[v1alpha1.AnnotationKeyApplicationSetRefresh]; !asked {
		return nil
	}
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:null}}}`, v1alpha1.AnnotationKeyApplicationSetRefresh)
	_, err := r.Client.ArgoprojV1alpha1().ApplicationSets(set.Namespace).
		Patch(ctx, set.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("acknowledge the refresh of ApplicationSet %s: %w", set.Name, err)
	}
	return nil
}
