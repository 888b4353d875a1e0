// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package podstage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
)

// podWorkers is how many pods are written at the same time.
const podWorkers = 16

// Stage plays the node side of one cluster.
type Stage struct {
	client  kubernetes.Interface
	factory informers.SharedInformerFactory
	loops   map[*loop]int
}

// New prepares a stage. The client should have no rate limit of its own.
func New(client kubernetes.Interface) (*Stage, error) {
	factory := informers.NewSharedInformerFactory(client, 0)
	core := factory.Core().V1()
	pods := newLoop("pods", (&pods{
		client: client, lister: core.Pods().Lister(), births: births{times: map[string]birth{}},
	}).sync)
	claims := newLoop("claims", (&claims{client: client, lister: core.PersistentVolumeClaims().Lister()}).sync)
	services := newLoop("services", (&services{client: client, lister: core.Services().Lister()}).sync)
	err := errors.Join(
		pods.watch(core.Pods().Informer()),
		claims.watch(core.PersistentVolumeClaims().Informer()),
		services.watch(core.Services().Informer()),
	)
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	return &Stage{client: client, factory: factory, loops: map[*loop]int{pods: podWorkers, claims: 2, services: 2}}, nil
}

// Run works until the context ends. It calls ready once the node is there and everything is watched.
func (s *Stage) Run(ctx context.Context, ready func()) {
	s.factory.StartWithContext(ctx)
	defer s.factory.Shutdown()
	if err := s.prepareNode(ctx); err != nil {
		return
	}
	s.factory.WaitForCacheSyncWithContext(ctx)
	if ctx.Err() == nil {
		ready()
	}
	var running sync.WaitGroup
	for loop, workers := range s.loops {
		running.Go(func() { loop.run(ctx, workers) })
	}
	running.Wait()
}

// prepareNode tries until it succeeds; it fails with the context only.
func (s *Stage) prepareNode(ctx context.Context) error {
	return wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		version, err := s.client.Discovery().ServerVersion()
		if err == nil {
			err = ensureNode(ctx, s.client, version.GitVersion)
		}
		if err != nil {
			klog.FromContext(ctx).Error(err, "Will retry")
		}
		return err == nil, nil
	})
}
