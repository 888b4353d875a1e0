// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/rollout"
)

// rollouts is what Rollouts are carried out with: the caches of what they drive in the host cluster, and the
// reconciler.
type rollouts struct {
	control    *control
	sets       informers.SharedInformerFactory
	services   informers.SharedInformerFactory
	reconciler *rollout.Reconciler
}

// newRollouts makes the parts; a detached server has no cluster to run pods in, and gets nil.
func newRollouts(c *control, client kubernetes.Interface, d Dependencies) (*rollouts, error) {
	if client == nil {
		return nil, nil
	}
	r := &rollouts{control: c, sets: ofRollouts(client), services: informers.NewSharedInformerFactoryWithOptions(
		client, resync, informers.WithTransform(selectorAlone))}
	argo := c.own.Argoproj().V1alpha1()
	sets, runs := r.sets.Apps().V1().ReplicaSets().Informer(), argo.AnalysisRuns().Informer()
	all := argo.Rollouts().Informer()
	for informer, indexers := range map[cache.SharedIndexInformer]cache.Indexers{
		all: rollout.RolloutIndexers(), sets: rollout.OwnerIndexers(), runs: rollout.OwnerIndexers(),
	} {
		if err := informer.AddIndexers(indexers); err != nil {
			return nil, err
		}
	}
	metrics, err := rollout.NewMetrics(d.Metrics)
	if err != nil {
		return nil, err
	}
	if err = d.Metrics.Register(rollout.NewCollector(all.GetIndexer())); err != nil {
		return nil, err
	}
	objects, err := dynamic.NewForConfig(d.Host)
	if err != nil {
		return nil, err
	}
	kinds := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	r.reconciler = rollout.New(rollout.Options{
		Client: c.client, Host: client, Rollouts: all.GetIndexer(), Runs: runs.GetIndexer(), Sets: sets.GetIndexer(),
		Services: r.services.Core().V1().Services().Informer().GetIndexer(),
		Templates: rollout.Templates{
			Namespaced: argo.AnalysisTemplates().Lister(), Cluster: argo.ClusterAnalysisTemplates().Lister(),
		},
		Routes: rollout.NewRoutes(objects, kinds),
		Events: c.events, Clock: clock.RealClock{}, Metrics: metrics,
	})
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		all: r.reconciler.Handler(), sets: r.reconciler.SetHandler(), runs: r.reconciler.RunHandler(),
		r.services.Core().V1().Services().Informer(): r.reconciler.ServiceHandler(),
	} {
		if _, err = informer.AddEventHandler(handler); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// ofRollouts makes caches of the ReplicaSets that carry a pod template hash of a Rollout.
func ofRollouts(client kubernetes.Interface) informers.SharedInformerFactory {
	return informers.NewSharedInformerFactoryWithOptions(client, resync,
		informers.WithTransform(withoutManagers),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) {
			options.LabelSelector = argov1alpha1.LabelPodTemplateHash
		}))
}

// withoutManagers drops what nobody here reads.
func withoutManagers(object any) (any, error) {
	if described, isObject := object.(metav1.Object); isObject {
		described.SetManagedFields(nil)
	}
	return object, nil
}

// selectorAlone keeps of a Service what says whose pods it selects.
func selectorAlone(object any) (any, error) {
	service, isService := object.(*corev1.Service)
	if !isService {
		return object, nil
	}
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name: service.Name, Namespace: service.Namespace, UID: service.UID,
			ResourceVersion: service.ResourceVersion, Annotations: service.Annotations,
		},
		Spec: corev1.ServiceSpec{Selector: service.Spec.Selector},
	}, nil
}

// Name is the name in --controllers.
func (r *rollouts) Name() string { return controllerRollout }

// Run waits for the caches, then works until ctx ends. The caches outlive it: an informer runs once, and a replica may
// lead again.
func (r *rollouts) Run(ctx context.Context) error {
	lasting := context.WithoutCancel(ctx)
	r.sets.StartWithContext(lasting)
	r.services.StartWithContext(lasting)
	argo := r.control.own.Argoproj().V1alpha1()
	if !cache.WaitForCacheSync(ctx.Done(), argo.Rollouts().Informer().HasSynced,
		argo.AnalysisRuns().Informer().HasSynced, argo.AnalysisTemplates().Informer().HasSynced,
		argo.ClusterAnalysisTemplates().Informer().HasSynced,
		r.sets.Apps().V1().ReplicaSets().Informer().HasSynced, r.services.Core().V1().Services().Informer().HasSynced) {
		return nil
	}
	r.reconciler.Run(ctx)
	return nil
}
