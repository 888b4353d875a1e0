// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/reconcile/written"
)

// Handler visits an Experiment that came or changed.
func (r *Reconciler) Handler() cache.ResourceEventHandler {
	return written.Watching(r.experiments, func(object metav1.Object) {
		r.queue.Add(types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()})
	})
}

// RunHandler visits the Experiment of an AnalysisRun that came, changed or went.
func (r *Reconciler) RunHandler() cache.ResourceEventHandler {
	return written.Watching(r.runs, r.ownerChanged)
}

// SetHandler visits the Experiment of a ReplicaSet that came, changed or went.
func (r *Reconciler) SetHandler() cache.ResourceEventHandler {
	return written.Watching(r.host.sets, r.ownerChanged)
}

// ServiceHandler visits the Experiment of a Service that came, changed or went.
func (r *Reconciler) ServiceHandler() cache.ResourceEventHandler {
	return written.Watching(r.host.services, r.ownerChanged)
}

func (r *Reconciler) ownerChanged(object metav1.Object) {
	if owner := written.OwnerOf(object, Kind); owner != nil {
		r.queue.Add(types.NamespacedName{Namespace: object.GetNamespace(), Name: owner.Name})
	}
}
