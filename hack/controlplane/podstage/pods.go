// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package podstage

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

// pods takes the next step of each pod.
type pods struct {
	client kubernetes.Interface
	lister listers.PodLister
	births births
}

func (p *pods) sync(ctx context.Context, key string) (time.Duration, error) {
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return 0, err
	}
	pod, err := p.lister.Pods(namespace).Get(name)
	if apierrors.IsNotFound(err) {
		p.births.forget(key)
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	now := time.Now()
	var age time.Duration
	if pod.Spec.NodeName != "" {
		age = now.Sub(p.births.of(key, pod, now))
	}
	todo := next(pod, age, now)
	return todo.again, ignoreStale(p.take(ctx, pod, todo))
}

func (p *pods) take(ctx context.Context, pod *corev1.Pod, todo step) error {
	client := p.client.CoreV1().Pods(pod.Namespace)
	var err error
	switch todo.action {
	case bind:
		err = client.Bind(ctx, &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
			Target:     corev1.ObjectReference{Kind: "Node", Name: NodeName},
		}, metav1.CreateOptions{})
	case report:
		err = p.patch(ctx, pod, todo.status)
	case remove:
		err = client.Delete(ctx, pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: new(int64),
			Preconditions:      &metav1.Preconditions{UID: &pod.UID},
		})
	}
	return err
}

func (p *pods) patch(ctx context.Context, pod *corev1.Pod, status corev1.PodStatus) error {
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": pod.UID}, "status": status})
	if err != nil {
		return fmt.Errorf("encode the status of pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	_, err = p.client.CoreV1().Pods(pod.Namespace).
		Patch(ctx, pod.Name, types.MergePatchType, body, metav1.PatchOptions{}, "status")
	return err
}

// births remembers when each pod was first seen bound, finer than the whole seconds that the API keeps.
type births struct {
	mu    sync.Mutex
	times map[string]birth
}

type birth struct {
	uid types.UID
	at  time.Time
}

func (b *births) of(key string, pod *corev1.Pod, now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if known, found := b.times[key]; found && known.uid == pod.UID {
		return known.at
	}
	at := now
	if pod.Status.StartTime != nil {
		at = pod.Status.StartTime.Time
	}
	b.times[key] = birth{uid: pod.UID, at: at}
	return at
}

func (b *births) forget(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.times, key)
}
