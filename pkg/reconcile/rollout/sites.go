// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// Clusters finds registered clusters.
type Clusters interface {
	ByName(name string) (*cluster.Cluster, error)
}

// sites are the registered clusters in which Rollouts run their pods, as long as one does.
type sites struct {
	mu   sync.Mutex
	open map[place]*site
}

// errNotKnown says that the registered clusters were not read yet: one that is missing means nothing.
var errNotKnown = errors.New("the registered clusters are not known yet")

// awayError is why a cluster cannot be asked now.
type awayError struct{ problem error }

// Error returns the problem.
func (e awayError) Error() string { return e.problem.Error() }

// site is where a Rollout runs its pods. It fails with an invalidError where only a user can help, and with an
// awayError where the cluster cannot be asked.
func (r *Reconciler) site(ctx context.Context, object *v1alpha1.Rollout) (*site, error) {
	name := rollout.ClusterOf(object)
	if name == "" {
		return r.host, nil
	}
	if !r.Known() {
		return nil, errNotKnown
	}
	known, err := r.Clusters.ByName(name)
	if err != nil {
		return nil, invalidError{fmt.Errorf("metadata.annotations[%s]: %w", v1alpha1.AnnotationCluster, err)}
	}
	to, at := known.Destination(), place{cluster: name}
	if !to.Allows(object.Namespace) {
		return nil, invalidError{fmt.Errorf("metadata.annotations[%s]: cluster %q is registered without namespace %q",
			v1alpha1.AnnotationCluster, name, object.Namespace)}
	}
	if len(to.Namespaces) > 0 {
		at.namespace = object.Namespace
	}
	clients, err := known.Clients(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		// What was read is out of date by the time it answers again.
		r.sites.drop(at)
		return nil, awayError{err}
	}
	opened, err := r.opened(at, clients)
	if err != nil {
		return nil, err
	}
	return opened, opened.filled(ctx)
}

// opened returns the site of a place, and begins its caches where there was none.
func (r *Reconciler) opened(at place, clients cluster.Clients) (*site, error) {
	r.sites.mu.Lock()
	defer r.sites.mu.Unlock()
	select {
	case <-clients.Ended:
		return nil, fmt.Errorf("cluster %s was just registered anew: %w", at.cluster, errNotKnown)
	default:
	}
	if known := r.sites.open[at]; known != nil {
		if known.lent == clients.Ended && !known.closed() {
			return known, nil
		}
		// Its connection was replaced: another cluster may have the name by now.
		known.close()
	}
	opened, err := r.newSite(at, clients)
	if err != nil {
		return nil, err
	}
	opened.lent = clients.Ended
	r.sites.open[at] = opened
	opened.start()
	go func() {
		select {
		case <-clients.Ended:
			opened.close()
			r.ClusterChanged(at.cluster)
		case <-opened.ended:
		}
	}()
	return opened, nil
}

// filled waits shortly until everything was read.
func (s *site) filled(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, firstList)
	defer cancel()
	if cache.WaitForCacheSync(waiting.Done(), s.synced...) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.problem != nil {
		return awayError{fmt.Errorf("cluster %s: ReplicaSets and Services cannot be read: %w", s.cluster, s.problem)}
	}
	return awayError{fmt.Errorf("cluster %s: ReplicaSets and Services are not read yet", s.cluster)}
}

// confirm asks a registered cluster whether it is there: what was read of one that is not must move nothing.
func (s *site) confirm(ctx context.Context) error {
	if err := s.calls.Confirm(ctx); err != nil {
		return awayError{fmt.Errorf("cluster %s does not answer: %w", s.cluster, err)}
	}
	return nil
}

// drop ends the site of a place.
func (s *sites) drop(at place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.open[at]; known != nil {
		known.close()
		delete(s.open, at)
	}
}

// sweep ends the sites that are not in use.
func (s *sites) sweep(used func(place) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, known := range s.open {
		if !used(at) {
			known.close()
			delete(s.open, at)
		}
	}
}

// unrefer ends what a Rollout that is gone refers to, wherever that was.
func (r *Reconciler) unrefer(gone types.NamespacedName) {
	r.host.references.only(gone, nil)
	r.sites.mu.Lock()
	defer r.sites.mu.Unlock()
	for _, known := range r.sites.open {
		known.references.only(gone, nil)
	}
}
