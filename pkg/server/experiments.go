// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	reconcileanalyses "github.com/capstan-dev/capstan/pkg/reconcile/analyses"
	"github.com/capstan-dev/capstan/pkg/reconcile/experiment"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
)

// experiments is what Experiments are carried out with: the caches of what they own in the host cluster, and the
// reconciler.
type experiments struct {
	control    *control
	owned      informers.SharedInformerFactory
	reconciler *experiment.Reconciler
}

var _ Controller = &experiments{}

// newExperiments makes the parts; a detached server has no cluster to run pods in, and gets nil.
func newExperiments(c *control, client kubernetes.Interface, d Dependencies) (*experiments, error) {
	if client == nil {
		return nil, nil
	}
	e := &experiments{control: c, owned: informers.NewSharedInformerFactoryWithOptions(client, resync,
		informers.WithTweakListOptions(func(options *metav1.ListOptions) {
			options.LabelSelector = argov1alpha1.LabelExperimentUID
		}))}
	argo := c.own.Argoproj().V1alpha1()
	all, runs := argo.Experiments().Informer(), argo.AnalysisRuns().Informer()
	sets, services := e.owned.Apps().V1().ReplicaSets().Informer(), e.owned.Core().V1().Services().Informer()
	for _, informer := range []cache.SharedIndexInformer{runs, sets, services} {
		if err := informer.AddIndexers(written.OwnerIndexers(experiment.Kind)); err != nil {
			return nil, err
		}
	}
	metrics, err := experiment.NewMetrics(d.Metrics)
	if err != nil {
		return nil, err
	}
	if err = d.Metrics.Register(experiment.NewCollector(all.GetIndexer())); err != nil {
		return nil, err
	}
	e.reconciler = experiment.New(experiment.Options{
		Client: c.client, Host: client, Clusters: places{c.clusters, c.destinationsKnown}, Experiments: all.GetIndexer(),
		Runs: runs.GetIndexer(), Sets: sets.GetIndexer(), Services: services.GetIndexer(),
		Templates: reconcileanalyses.Templates{
			Namespaced: argo.AnalysisTemplates().Lister(), Cluster: argo.ClusterAnalysisTemplates().Lister(),
		},
		Events: c.events, Clock: clock.RealClock{}, Metrics: metrics,
	})
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		all: e.reconciler.Handler(), runs: e.reconciler.RunHandler(), sets: e.reconciler.SetHandler(),
		services: e.reconciler.ServiceHandler(),
	} {
		if _, err = informer.AddEventHandler(handler); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Name is the name in --controllers.
func (e *experiments) Name() string { return controllerExperiment }

// Run waits for the caches, then works until ctx ends. The caches outlive it: an informer runs once, and a replica may
// lead again.
func (e *experiments) Run(ctx context.Context) error {
	e.owned.StartWithContext(context.WithoutCancel(ctx))
	argo := e.control.own.Argoproj().V1alpha1()
	if !cache.WaitForCacheSync(ctx.Done(), argo.Experiments().Informer().HasSynced,
		argo.AnalysisRuns().Informer().HasSynced, argo.AnalysisTemplates().Informer().HasSynced,
		argo.ClusterAnalysisTemplates().Informer().HasSynced,
		e.owned.Apps().V1().ReplicaSets().Informer().HasSynced,
		e.owned.Core().V1().Services().Informer().HasSynced) {
		return nil
	}
	e.reconciler.Run(ctx)
	return nil
}
