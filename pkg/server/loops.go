// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"sync"

	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/reconcile/appproject"
)

// The controllers that --controllers can choose.
const (
	controllerApplication    = "application"
	controllerApplicationSet = "applicationset"
	controllerCluster        = "cluster"
	controllerAppProject     = "appproject"
	controllerAnalysisRun    = "analysisrun"
	controllerRollout        = "rollout"
	controllerExperiment     = "experiment"
)

// loop is a controller made of its name and what it does once the caches are filled.
type loop struct {
	name    string
	control *control
	work    func(context.Context)
}

// Name is the name in --controllers.
func (l loop) Name() string { return l.name }

// Run waits for the caches and the destinations, then works until ctx ends: what is not
// known yet must not be taken for what is not there.
func (l loop) Run(ctx context.Context) error {
	c := l.control
	argo := c.own.Argoproj().V1alpha1()
	if !cache.WaitForCacheSync(ctx.Done(), argo.Applications().Informer().HasSynced,
		argo.AppProjects().Informer().HasSynced, argo.ApplicationSets().Informer().HasSynced,
		c.gateKnown) {
		return nil
	}
	select {
	case <-ctx.Done():
		return nil
	case <-c.registrar.Ready():
	}
	l.work(ctx)
	return nil
}

func (c *control) controllers() []Controller {
	controllers := []Controller{
		loop{controllerApplication, c, func(ctx context.Context) {
			var collecting sync.WaitGroup
			collecting.Go(func() { c.desk.KeepCollecting(ctx) })
			c.applications.Run(ctx)
			collecting.Wait()
		}},
		loop{controllerApplicationSet, c, c.sets.Run},
		loop{controllerCluster, c, c.mirror.Run},
		loop{controllerAppProject, c, func(ctx context.Context) {
			// It fails only where ctx ends.
			_ = appproject.EnsureDefault(ctx, c.client, c.namespace)
		}},
		c.analyses,
	}
	if c.rollouts != nil {
		controllers = append(controllers, c.rollouts)
	}
	if c.experiments != nil {
		controllers = append(controllers, c.experiments)
	}
	return controllers
}
