// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// hostCaches hold what is read from the control-plane namespace of the host cluster: the
// Secrets that Argo CD labels, and the ConfigMaps that it names.
type hostCaches struct {
	namespace string
	factories []informers.SharedInformerFactory
	clusters  cache.SharedIndexInformer
	secrets   corelisters.SecretNamespaceLister
	registers corelisters.SecretNamespaceLister
	maps      corelisters.ConfigMapNamespaceLister
	settings  cache.SharedIndexInformer
	synced    []cache.InformerSynced
}

const resync time.Duration = 0

// newHostCaches watches by label, so that nothing else of the namespace is held.
func newHostCaches(client kubernetes.Interface, namespace string) *hostCaches {
	selected := func(selector string) informers.SharedInformerFactory {
		return informers.NewSharedInformerFactoryWithOptions(client, resync, informers.WithNamespace(namespace),
			informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = selector }))
	}
	destinations := selected(argov1alpha1.LabelKeySecretType + "=" + argov1alpha1.SecretTypeCluster)
	repositories := selected(argov1alpha1.LabelKeySecretType + " in (" +
		argov1alpha1.SecretTypeRepository + "," + argov1alpha1.SecretTypeRepositoryCreds + ")")
	settings := selected(argov1alpha1.LabelKeyPartOf + "=" + argov1alpha1.PartOfValue)
	h := &hostCaches{
		namespace: namespace,
		factories: []informers.SharedInformerFactory{destinations, repositories, settings},
		clusters:  destinations.Core().V1().Secrets().Informer(),
		registers: destinations.Core().V1().Secrets().Lister().Secrets(namespace),
		secrets:   repositories.Core().V1().Secrets().Lister().Secrets(namespace),
		maps:      settings.Core().V1().ConfigMaps().Lister().ConfigMaps(namespace),
		settings:  settings.Core().V1().ConfigMaps().Informer(),
	}
	h.synced = []cache.InformerSynced{
		h.clusters.HasSynced, repositories.Core().V1().Secrets().Informer().HasSynced,
		h.settings.HasSynced,
	}
	return h
}

// detachedCaches hold nothing: a detached server has no host cluster to read from.
func detachedCaches(namespace string) *hostCaches {
	return newHostCaches(fake.NewClientset(), namespace)
}

func (h *hostCaches) start(ctx context.Context) {
	for _, factory := range h.factories {
		factory.Start(ctx.Done())
	}
}

// clusterSecrets reads the Secrets that register clusters.
func (h *hostCaches) clusterSecrets() corelisters.SecretNamespaceLister { return h.registers }

// setting returns a ConfigMap, nil where it is not there.
func (h *hostCaches) setting(name string) *corev1.ConfigMap {
	found, err := h.maps.Get(name)
	if err != nil {
		return nil
	}
	return found
}
