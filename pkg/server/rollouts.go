// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/capstan-dev/capstan/pkg/cluster"
	reconcileanalyses "github.com/capstan-dev/capstan/pkg/reconcile/analyses"
	"github.com/capstan-dev/capstan/pkg/reconcile/rollout"
)

// rollouts is the controller of Rollouts, with the caches that it waits for.
type rollouts struct {
	control    *control
	reconciler *rollout.Reconciler
}

// newRollouts makes the parts; a detached server has no cluster to run pods in, and gets nil.
func newRollouts(c *control, client kubernetes.Interface, d Dependencies) (*rollouts, error) {
	if client == nil {
		return nil, nil
	}
	argo := c.own.Argoproj().V1alpha1()
	all, runs, experiments := argo.Rollouts().Informer(), argo.AnalysisRuns().Informer(), argo.Experiments().Informer()
	if err := errors.Join(
		all.AddIndexers(rollout.RolloutIndexers()), runs.AddIndexers(rollout.OwnerIndexers()),
		experiments.AddIndexers(rollout.OwnerIndexers()),
	); err != nil {
		return nil, err
	}
	metrics, err := rollout.NewMetrics(d.Metrics)
	if err != nil {
		return nil, err
	}
	if err = d.Metrics.Register(rollout.NewCollector(all.GetIndexer())); err != nil {
		return nil, err
	}
	objects, err := dynamic.NewForConfig(behindFence(d.Host))
	if err != nil {
		return nil, err
	}
	described, err := metadata.NewForConfig(d.Host)
	if err != nil {
		return nil, err
	}
	reconciler, err := rollout.New(rollout.Options{
		Client: c.client, Rollouts: all.GetIndexer(), Runs: runs.GetIndexer(), Experiments: experiments.GetIndexer(),
		Host:     cluster.Client{Typed: client, Objects: objects, Metadata: described},
		Clusters: c.clusters, Known: c.destinationsKnown,
		Templates: reconcileanalyses.Templates{
			Namespaced: argo.AnalysisTemplates().Lister(), Cluster: argo.ClusterAnalysisTemplates().Lister(),
		},
		Events: c.events, Clock: clock.RealClock{}, Metrics: metrics,
	})
	if err != nil {
		return nil, err
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		all: reconciler.Handler(), runs: reconciler.RunHandler(), experiments: reconciler.ExperimentHandler(),
		argo.AnalysisTemplates().Informer():        reconciler.TemplateHandler(),
		argo.ClusterAnalysisTemplates().Informer(): reconciler.TemplateHandler(),
	} {
		if _, err = informer.AddEventHandler(handler); err != nil {
			return nil, err
		}
	}
	return &rollouts{control: c, reconciler: reconciler}, nil
}

// Name is the name in --controllers.
func (r *rollouts) Name() string { return controllerRollout }

// Run waits for the caches of our own kinds, then works until ctx ends.
func (r *rollouts) Run(ctx context.Context) error {
	argo := r.control.own.Argoproj().V1alpha1()
	if cache.WaitForCacheSync(ctx.Done(), argo.Rollouts().Informer().HasSynced,
		argo.AnalysisRuns().Informer().HasSynced, argo.AnalysisTemplates().Informer().HasSynced,
		argo.ClusterAnalysisTemplates().Informer().HasSynced, argo.Experiments().Informer().HasSynced) {
		r.reconciler.Run(ctx)
	}
	return nil
}
