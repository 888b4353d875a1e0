// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// outdated counts the pods that are older than the restart that the spec asks for; without one nothing is asked.
func (r *Reconciler) outdated(ctx context.Context, object *v1alpha1.Rollout) (int, error) {
	at := object.Spec.RestartAt
	if at == nil || at.Equal(object.Status.RestartedAt) || r.Clock.Now().Before(at.Time) {
		return 0, nil
	}
	pods, err := r.oldPods(ctx, object)
	return len(pods), err
}

// oldPods are the pods of a Rollout that were made before its restart and are not going.
func (r *Reconciler) oldPods(ctx context.Context, object *v1alpha1.Rollout) ([]corev1.Pod, error) {
	selector, err := metav1.LabelSelectorAsSelector(object.Spec.Selector)
	if err != nil {
		return nil, err
	}
	list, err := r.Host.CoreV1().Pods(object.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return nil, fmt.Errorf("list the pods to restart: %w", err)
	}
	sets, err := r.fresh.setsOf(object)
	if err != nil {
		return nil, err
	}
	ours := map[string]bool{}
	for _, set := range sets {
		ours[string(set.UID)] = true
	}
	var old []corev1.Pod
	for _, pod := range list.Items {
		owner := metav1.GetControllerOfNoCopy(&pod)
		if owner != nil && ours[string(owner.UID)] && pod.DeletionTimestamp == nil &&
			pod.CreationTimestamp.Before(object.Spec.RestartAt) {
			old = append(old, pod)
		}
	}
	return old, nil
}

// evict lets so many old pods go, as far as disruption budgets let them.
func (r *Reconciler) evict(ctx context.Context, facts *rollout.Facts, count int32) error {
	if count == 0 {
		return nil
	}
	pods, err := r.oldPods(ctx, facts.Rollout)
	if err != nil {
		return err
	}
	for _, pod := range pods[:min(int(count), len(pods))] {
		err = r.Host.PolicyV1().Evictions(pod.Namespace).Evict(ctx, &policyv1.Eviction{
			ObjectMeta:    metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace},
			DeleteOptions: &metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(pod.UID))},
		})
		if err != nil && !apierrors.IsTooManyRequests(err) && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("evict pod %s: %w", pod.Name, err)
		}
		facts.Outdated--
	}
	return nil
}
