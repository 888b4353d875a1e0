// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
)

// site is a cluster that runs the pods of Rollouts: its clients, and what Rollouts drive there as this process knows
// it.
type site struct {
	place
	calls  cluster.Client
	client kubernetes.Interface
	routes *routes
	// references reads what Rollouts refer to by name.
	references *references
	watching   []informers.SharedInformerFactory
	synced     []cache.InformerSynced
	sets       cache.MutationCache
	services   cache.MutationCache
	// lent is closed when the connection ends that the clients are of.
	lent <-chan struct{}
	// ended is closed when the site is no longer used.
	ended  chan struct{}
	ending sync.Once

	mu sync.Mutex
	// problem is why something could not be read, as it was last.
	problem error
}

// place names a site.
type place struct {
	// cluster is the name of a registered cluster, "" for the host.
	cluster string
	// namespace is the only one that is read, "" where all are.
	namespace string
}

// resync is never: caches hold what watches tell.
const resync time.Duration = 0

// newSite returns a site whose caches are empty until start. What changes there is told to the Reconciler.
func (r *Reconciler) newSite(at place, clients cluster.Clients) (*site, error) {
	label, owners := v1alpha1.LabelPodTemplateHash, OwnerIndexers()
	if at.cluster != "" {
		label, owners = v1alpha1.LabelRolloutUID, written.LabelIndexers(kind, v1alpha1.LabelRolloutUID)
	}
	owned := informers.NewSharedInformerFactoryWithOptions(clients.Watches.Typed, resync,
		informers.WithNamespace(at.namespace), informers.WithTransform(withoutManagers),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = label }))
	all := informers.NewSharedInformerFactoryWithOptions(clients.Watches.Typed, resync,
		informers.WithNamespace(at.namespace), informers.WithTransform(selectorAlone))
	sets, services := owned.Apps().V1().ReplicaSets().Informer(), all.Core().V1().Services().Informer()
	if err := sets.AddIndexers(owners); err != nil {
		return nil, err
	}
	s := &site{
		place: at, calls: clients.Calls, client: clients.Calls.Typed,
		watching: []informers.SharedInformerFactory{owned, all},
		sets:     written.Over(sets.GetIndexer()), services: written.Over(services.GetIndexer()), ended: make(chan struct{}),
	}
	s.routes = newRoutes(at, clients, r.routeChanged, s.ended)
	s.references = newReferences(clients, r.queue.Add, s.ended)
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		sets: written.Watching(s.sets, r.setChanged), services: written.Watching(s.services, r.serviceChanged),
	} {
		handled, err := informer.AddEventHandler(handler)
		if err == nil {
			err = informer.SetWatchErrorHandlerWithContext(s.unread)
		}
		if err != nil {
			return nil, err
		}
		s.synced = append(s.synced, handled.HasSynced)
	}
	return s, nil
}

// start fills the caches, and keeps them until the site is closed.
func (s *site) start() {
	for _, factory := range s.watching {
		factory.StartWithContext(wait.ContextForChannel(s.ended))
	}
}

// close ends the caches.
func (s *site) close() { s.ending.Do(func() { close(s.ended) }) }

// closed reports that the caches have ended.
func (s *site) closed() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// unread keeps why something could not be read.
func (s *site) unread(ctx context.Context, reflector *cache.Reflector, err error) {
	s.mu.Lock()
	s.problem = err
	s.mu.Unlock()
	cache.DefaultWatchErrorHandler(ctx, reflector, err)
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
