// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"maps"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
)

// Registrar makes the destinations agree with the Secrets.
type Registrar struct {
	secrets  corelisters.SecretNamespaceLister
	clusters *cluster.Clusters
	// changed is told of each destination that was set or removed.
	changed func(server, name string)
	queue   workqueue.TypedRateLimitingInterface[string]
	ready   chan struct{}

	mu sync.Mutex
	// registered maps a Secret's name to the server that it registered.
	registered map[string]string
	// refused maps a Secret's name to why it registers nothing new.
	refused map[string]error
}

// NewRegistrar returns a Registrar that does nothing until Run. changed must not block.
func NewRegistrar(
	secrets corelisters.SecretNamespaceLister, clusters *cluster.Clusters, changed func(server, name string),
) *Registrar {
	return &Registrar{
		secrets: secrets, clusters: clusters, changed: changed, ready: make(chan struct{}),
		queue: workqueue.NewTypedRateLimitingQueueWithConfig(workqueue.DefaultTypedControllerRateLimiter[string](),
			workqueue.TypedRateLimitingQueueConfig[string]{Name: "cluster_registration_queue"}),
		registered: map[string]string{}, refused: map[string]error{},
	}
}

// Handler feeds the queue from an informer of the Secrets.
func (r *Registrar) Handler() cache.ResourceEventHandler {
	add := func(object any) {
		if gone, isTombstone := object.(cache.DeletedFinalStateUnknown); isTombstone {
			object = gone.Obj
		}
		if secret, isSecret := object.(*corev1.Secret); isSecret {
			r.queue.Add(secret.Name)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc: add, UpdateFunc: func(_, after any) { add(after) }, DeleteFunc: add,
	}
}

// Ready is closed when every Secret that was there at the start was looked at: before that,
// a missing destination means nothing.
func (r *Registrar) Ready() <-chan struct{} { return r.ready }

// Run registers until ctx ends; the informer of the Secrets must be synced before.
func (r *Registrar) Run(ctx context.Context) error {
	secrets, err := r.secrets.List(labels.Everything())
	if err != nil {
		return fmt.Errorf("list cluster Secrets: %w", err)
	}
	for _, secret := range secrets {
		if err := r.register(ctx, secret.Name); err != nil {
			r.queue.AddRateLimited(secret.Name)
		}
	}
	close(r.ready)
	go func() {
		<-ctx.Done()
		r.queue.ShutDown()
	}()
	for r.work(ctx) {
	}
	return nil
}

func (r *Registrar) work(ctx context.Context) bool {
	name, shut := r.queue.Get()
	if shut {
		return false
	}
	defer r.queue.Done(name)
	if err := r.register(ctx, name); err != nil && ctx.Err() == nil {
		klog.FromContext(ctx).Error(err, "A cluster Secret is tried again", "secret", name)
		r.queue.AddRateLimited(name)
		return true
	}
	r.queue.Forget(name)
	return true
}

// Refused returns the Secrets that could not be taken over, and why.
func (r *Registrar) Refused() map[string]error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.refused)
}

// Server returns the server that a Secret registered, "" for none.
func (r *Registrar) Server(secret string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.registered[secret]
}

// register makes the destinations agree with one Secret.
func (r *Registrar) register(ctx context.Context, name string) error {
	secret, err := r.secrets.Get(name)
	if apierrors.IsNotFound(err) ||
		err == nil && secret.Labels[v1alpha1.LabelKeySecretType] != v1alpha1.SecretTypeCluster {
		return r.unregister(ctx, name)
	}
	if err != nil {
		return fmt.Errorf("read cluster Secret %s: %w", name, err)
	}
	destination, err := cluster.FromSecret(secret)
	if err != nil {
		r.refuse(name, err)
		return nil
	}
	if before := r.Server(name); before != "" && before != destination.Server {
		if err := r.unregister(ctx, name); err != nil {
			return err
		}
	}
	if err := r.clusters.Set(ctx, destination); err != nil {
		r.refuse(name, err)
		return nil
	}
	r.accept(name, destination)
	return nil
}

// refuse keeps why a Secret changes nothing: its destination stays in its last good form.
func (r *Registrar) refuse(name string, reason error) {
	r.mu.Lock()
	r.refused[name] = reason
	r.mu.Unlock()
	r.changed("", "")
}

func (r *Registrar) accept(name string, destination cluster.Destination) {
	r.mu.Lock()
	delete(r.refused, name)
	r.registered[name] = destination.Server
	r.mu.Unlock()
	r.changed(destination.Server, destination.Name)
}

// unregister removes the destination that a Secret registered. Applications that go there
// keep what they deployed.
func (r *Registrar) unregister(ctx context.Context, name string) error {
	server, label := r.Server(name), ""
	if known, err := r.clusters.ByServer(server); err == nil {
		label = known.Name()
	}
	if server != "" {
		if err := r.clusters.Remove(ctx, server, name); err != nil {
			return fmt.Errorf("remove cluster %s: %w", server, err)
		}
	}
	r.mu.Lock()
	delete(r.refused, name)
	delete(r.registered, name)
	r.mu.Unlock()
	r.changed(server, label)
	return nil
}
