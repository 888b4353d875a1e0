// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// scaled is the namespace of the ReplicaSets that the raw client scales.
const scaled = "bench-scaled"

// canaryPods is how many pods a canary has.
const canaryPods = 5

// scaling scales pairs of ReplicaSets as canaries do, and does nothing else.
type scaling struct {
	*bench
	// available are the numbers of available pods, as they change, by name of the ReplicaSet.
	available map[string]chan int32
}

// scaleRaw takes the seconds that a raw client needs to take as many pairs of ReplicaSets as there are canaries through
// the same numbers of pods, with the same pauses.
func (b *bench) scaleRaw(ctx context.Context, count int) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if _, err := b.hub().Run(ctx, "create", "namespace", scaled); err != nil {
		return 0, err
	}
	s := scaling{b, map[string]chan int32{}}
	for i := range count {
		for _, name := range []string{oldSet(i), newSet(i)} {
			s.available[name] = make(chan int32, 1000)
		}
	}
	if err := s.follow(ctx); err != nil {
		return 0, err
	}
	if err := s.each(ctx, count, func(ctx context.Context, i int) error {
		return s.create(ctx, oldSet(i), canaryPods)
	}); err != nil {
		return 0, err
	}
	began := time.Now()
	err := s.each(ctx, count, s.roll)
	return time.Since(began).Seconds(), err
}

func oldSet(i int) string { return fmt.Sprintf("old-%03d", i) }

func newSet(i int) string { return fmt.Sprintf("new-%03d", i) }

// each does something for every pair at once: most of what a canary does is to wait.
func (s scaling) each(ctx context.Context, count int, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range count {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// follow watches the ReplicaSets until ctx ends.
func (s scaling) follow(ctx context.Context) error {
	factory := informers.NewSharedInformerFactoryWithOptions(s.cluster, 0, informers.WithNamespace(scaled))
	note := func(object any) {
		if set, is := object.(*appsv1.ReplicaSet); is {
			s.available[set.Name] <- set.Status.AvailableReplicas
		}
	}
	if _, err := factory.Apps().V1().ReplicaSets().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: note, UpdateFunc: func(_, after any) { note(after) },
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	return nil
}

// roll replaces the pods of one ReplicaSet by those of another one, step by step.
func (s scaling) roll(ctx context.Context, i int) error {
	if err := s.create(ctx, newSet(i), 1); err != nil {
		return err
	}
	for pods := int32(1); pods < canaryPods; pods++ {
		if err := s.scale(ctx, oldSet(i), canaryPods-pods); err != nil {
			return err
		}
		time.Sleep(time.Second)
		if err := s.scale(ctx, newSet(i), pods+1); err != nil {
			return err
		}
	}
	return s.scale(ctx, oldSet(i), 0)
}

// create makes a ReplicaSet and waits for its pods.
func (s scaling) create(ctx context.Context, name string, pods int32) error {
	labels := map[string]string{"app": name}
	set := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &pods, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example.com/app:1"}}},
			},
		},
	}
	if _, err := s.cluster.AppsV1().ReplicaSets(scaled).Create(ctx, set, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create ReplicaSet %s: %w", name, err)
	}
	return s.until(ctx, name, pods)
}

// scale changes the number of pods and waits for them.
func (s scaling) scale(ctx context.Context, name string, pods int32) error {
	body := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, pods)
	if _, err := s.cluster.AppsV1().ReplicaSets(scaled).
		Patch(ctx, name, types.MergePatchType, body, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("scale ReplicaSet %s: %w", name, err)
	}
	return s.until(ctx, name, pods)
}

func (s scaling) until(ctx context.Context, name string, pods int32) error {
	for {
		select {
		case available := <-s.available[name]:
			if available == pods {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("wait for %d pods of ReplicaSet %s: %w", pods, name, ctx.Err())
		}
	}
}
