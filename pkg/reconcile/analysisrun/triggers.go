// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Handler feeds the queue from the informer of AnalysisRuns. An own write comes back by it, and says when to go on.
func (r *Reconciler) Handler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    r.enqueue,
		UpdateFunc: func(_, after any) { r.enqueue(after) },
		DeleteFunc: r.enqueue,
	}
}

func (r *Reconciler) enqueue(object any) {
	if gone, isTombstone := object.(cache.DeletedFinalStateUnknown); isTombstone {
		object = gone.Obj
	}
	if run, isRun := object.(*v1alpha1.AnalysisRun); isRun {
		r.queue.Add(keyOf(run))
	}
}

// JobHandler wakes the run of each Job that came, changed or went.
func (r *Reconciler) JobHandler() cache.ResourceEventHandler {
	wake := func(object any) {
		if gone, isTombstone := object.(cache.DeletedFinalStateUnknown); isTombstone {
			object = gone.Obj
		}
		job, isObject := object.(metav1.Object)
		if !isObject {
			return
		}
		if name := job.GetAnnotations()[v1alpha1.AnnotationAnalysisRunName]; name != "" {
			r.queue.Add(types.NamespacedName{Namespace: job.GetNamespace(), Name: name})
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc: wake, UpdateFunc: func(_, after any) { wake(after) }, DeleteFunc: wake,
	}
}

// all names every AnalysisRun.
func (r *Reconciler) all() []types.NamespacedName {
	runs, err := r.Runs.List(labels.Everything())
	if err != nil {
		klog.Background().Error(err, "AnalysisRuns cannot be listed")
	}
	keys := make([]types.NamespacedName, len(runs))
	for i, run := range runs {
		keys[i] = keyOf(run)
	}
	return keys
}
