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
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/rollout"
)

// countPods counts the pods for the restart that the spec asks for; without one nothing is asked.
func (p *pass) countPods(ctx context.Context, facts *rollout.Facts) error {
	at := facts.Rollout.Spec.RestartAt
	if at == nil || at.Equal(facts.Rollout.Status.RestartedAt) || facts.Now.Before(at.Time) {
		return nil
	}
	pods, err := p.pods(ctx, facts)
	if err != nil {
		return err
	}
	facts.Outdated, facts.Live = 0, 0
	for i := range pods {
		if isReady(&pods[i]) {
			facts.Live++
		}
		if pods[i].CreationTimestamp.Before(at) {
			facts.Outdated++
		}
	}
	return nil
}

// pods are the pods of a Rollout that are not on their way out.
func (p *pass) pods(ctx context.Context, facts *rollout.Facts) ([]corev1.Pod, error) {
	list, err := p.listPods(ctx, facts.Rollout.Namespace, facts.Rollout.Spec.Selector)
	if err != nil {
		return nil, err
	}
	ours := map[types.UID]bool{}
	for _, set := range facts.Sets {
		ours[set.UID] = true
	}
	if work := facts.Workload; work != nil && work.InPlace != nil {
		ours[work.UID] = true
	}
	var pods []corev1.Pod
	for _, pod := range list {
		owner := metav1.GetControllerOfNoCopy(&pod)
		if owner != nil && ours[owner.UID] && pod.DeletionTimestamp == nil {
			pods = append(pods, pod)
		}
	}
	return pods, nil
}

// listPods returns the pods that a selector selects.
func (p *pass) listPods(
	ctx context.Context, namespace string, selected *metav1.LabelSelector,
) ([]corev1.Pod, error) {
	selector, err := metav1.LabelSelectorAsSelector(selected)
	if err != nil {
		return nil, err
	}
	list, err := p.site.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	return list.Items, nil
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// evict lets so many old pods go, as far as disruption budgets let them.
func (p *pass) evict(ctx context.Context, facts *rollout.Facts, count int32) error {
	if count == 0 {
		return nil
	}
	pods, err := p.pods(ctx, facts)
	if err != nil {
		return err
	}
	for i := range pods {
		pod := &pods[i]
		if count == 0 || !pod.CreationTimestamp.Before(facts.Rollout.Spec.RestartAt) {
			continue
		}
		err = p.site.client.PolicyV1().Evictions(pod.Namespace).Evict(ctx, &policyv1.Eviction{
			ObjectMeta:    metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace},
			DeleteOptions: &metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(pod.UID))},
		})
		if apierrors.IsTooManyRequests(err) {
			// A disruption budget keeps it; another one may go.
			continue
		}
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("evict pod %s: %w", pod.Name, err)
		}
		count--
	}
	return p.countPods(ctx, facts)
}
