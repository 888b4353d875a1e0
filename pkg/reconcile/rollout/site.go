// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
)

// site is a cluster that runs the pods of Rollouts: its clients, and what Rollouts drive there as this process knows it.
type site struct {
	client kubernetes.Interface
	routes *routes
	// references reads what Rollouts refer to by name.
	references *references
	watching   []informers.SharedInformerFactory
	synced     []cache.InformerSynced
	sets       cache.MutationCache
	services   cache.MutationCache
}

// resync is never: caches hold what watches tell.
const resync time.Duration = 0

// newSite returns a site whose caches are empty until start. What changes there is told to the Reconciler.
func (r *Reconciler) newSite(
	client kubernetes.Interface, objects dynamic.Interface, described metadata.Interface,
) (*site, error) {
	owned := informers.NewSharedInformerFactoryWithOptions(client, resync, informers.WithTransform(withoutManagers),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) {
			options.LabelSelector = v1alpha1.LabelPodTemplateHash
		}))
	all := informers.NewSharedInformerFactoryWithOptions(client, resync, informers.WithTransform(selectorAlone))
	sets, services := owned.Apps().V1().ReplicaSets().Informer(), all.Core().V1().Services().Informer()
	if err := sets.AddIndexers(OwnerIndexers()); err != nil {
		return nil, err
	}
	kinds := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	site := &site{
		client: client, routes: newRoutes(objects, kinds, r.routeChanged),
		references: newReferences(objects, described, r.queue.Add),
		watching:   []informers.SharedInformerFactory{owned, all},
		sets:       written.Over(sets.GetIndexer()), services: written.Over(services.GetIndexer()),
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		sets: written.Watching(site.sets, r.ownerChanged), services: written.Watching(site.services, r.serviceChanged),
	} {
		handled, err := informer.AddEventHandler(handler)
		if err != nil {
			return nil, err
		}
		site.synced = append(site.synced, handled.HasSynced)
	}
	return site, nil
}

// start fills the caches, and keeps them until ctx ends.
func (s *site) start(ctx context.Context) {
	for _, factory := range s.watching {
		factory.StartWithContext(ctx)
	}
}

// service returns a Service, nil where there is none.
func (s *site) service(namespace, name string) (*corev1.Service, error) {
	service, _, err := written.Get[*corev1.Service](s.services, namespace+"/"+name)
	return service, err
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
