// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package applicationset

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const kind = "ApplicationSet"

// byOwner is the index of Applications by the UID of the ApplicationSet that made them.
const byOwner = "applicationset"

// Indexers are those that Options.Applications needs.
func Indexers() cache.Indexers {
	return cache.Indexers{byOwner: func(object any) ([]string, error) {
		if app, isApplication := object.(*v1alpha1.Application); isApplication {
			if owner := ownerOf(app); owner != nil {
				return []string{string(owner.UID)}, nil
			}
		}
		return nil, nil
	}}
}

// ownerOf returns the reference to the ApplicationSet that made an Application, or nil.
func ownerOf(app *v1alpha1.Application) *metav1.OwnerReference {
	owner := metav1.GetControllerOfNoCopy(app)
	if owner == nil || owner.Kind != kind || owner.APIVersion != v1alpha1.SchemeGroupVersion.String() {
		return nil
	}
	return owner
}

// owned returns the Applications of a set by name.
func (r *Reconciler) owned(set *v1alpha1.ApplicationSet) (map[string]*v1alpha1.Application, error) {
	objects, err := r.Applications.ByIndex(byOwner, string(set.UID))
	if err != nil {
		return nil, fmt.Errorf("list the Applications: %w", err)
	}
	apps := make(map[string]*v1alpha1.Application, len(objects))
	for _, object := range objects {
		if app, isApplication := object.(*v1alpha1.Application); isApplication && app.Namespace == set.Namespace {
			apps[app.Name] = app
		}
	}
	return apps, nil
}

// application returns the Application of a name, whoever made it, or nil.
func (r *Reconciler) application(namespace, name string) (*v1alpha1.Application, error) {
	object, found, err := r.Applications.GetByKey(namespace + "/" + name)
	if err != nil {
		return nil, fmt.Errorf("read Application %s: %w", name, err)
	}
	app, isApplication := object.(*v1alpha1.Application)
	if !found || !isApplication {
		return nil, nil
	}
	return app, nil
}

// Handler feeds the queue from the informer of ApplicationSets.
func (r *Reconciler) Handler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc: r.enqueue,
		UpdateFunc: func(before, after any) {
			old, isOld := before.(*v1alpha1.ApplicationSet)
			set, isNew := after.(*v1alpha1.ApplicationSet)
			if !isOld || !isNew || concerns(old, set) {
				r.enqueue(after)
			}
		},
	}
}

// concerns tells an update that asks for work from one that reports it. Equal versions come
// from a resync.
func concerns(old, set *v1alpha1.ApplicationSet) bool {
	return old.Generation != set.Generation || old.UID != set.UID ||
		old.ResourceVersion == set.ResourceVersion ||
		!equality.Semantic.DeepEqual(old.Spec, set.Spec) ||
		old.Annotations[v1alpha1.AnnotationKeyApplicationSetRefresh] !=
			set.Annotations[v1alpha1.AnnotationKeyApplicationSetRefresh] ||
		old.DeletionTimestamp.IsZero() != set.DeletionTimestamp.IsZero()
}

func (r *Reconciler) enqueue(object any) {
	if set, isSet := object.(*v1alpha1.ApplicationSet); isSet {
		r.queue.Add(types.NamespacedName{Namespace: set.Namespace, Name: set.Name})
	}
}

// ApplicationHandler wakes the sets of Applications that came, went, or differ in what the
// set's template or its status says of them.
func (r *Reconciler) ApplicationHandler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc: r.wakeOwner,
		UpdateFunc: func(before, after any) {
			old, isOld := before.(*v1alpha1.Application)
			app, isNew := after.(*v1alpha1.Application)
			switch {
			case !isOld || !isNew || matters(old, app):
				r.wakeOwner(before)
				r.wakeOwner(after)
			case !equality.Semantic.DeepEqual(statusOf(old), statusOf(app)):
				r.wakeOwnerSoon(app)
			}
		},
		DeleteFunc: func(object any) {
			if gone, isTombstone := object.(cache.DeletedFinalStateUnknown); isTombstone {
				object = gone.Obj
			}
			r.wakeOwner(object)
		},
	}
}

// matters tells a change of what the set writes from one that its status shows.
func matters(old, app *v1alpha1.Application) bool {
	return !same(old, app) || old.DeletionTimestamp.IsZero() != app.DeletionTimestamp.IsZero()
}

func (r *Reconciler) wakeOwner(object any) {
	if app, isApplication := object.(*v1alpha1.Application); isApplication {
		if owner := ownerOf(app); owner != nil {
			r.queue.Add(types.NamespacedName{Namespace: app.Namespace, Name: owner.Name})
		}
	}
}

// gather is how long to wait for more Applications to change their status: many do at once,
// and the set's status shows them all.
const gather = time.Second

func (r *Reconciler) wakeOwnerSoon(app *v1alpha1.Application) {
	if owner := ownerOf(app); owner != nil {
		r.queue.AddAfter(types.NamespacedName{Namespace: app.Namespace, Name: owner.Name}, gather)
	}
}

// DestinationsChanged wakes all sets with a clusters generator.
func (r *Reconciler) DestinationsChanged() {
	for _, set := range r.list() {
		if readsClusters(set) {
			r.enqueue(set)
		}
	}
}

// all names every ApplicationSet.
func (r *Reconciler) all() []types.NamespacedName {
	var keys []types.NamespacedName
	for _, set := range r.list() {
		keys = append(keys, types.NamespacedName{Namespace: set.Namespace, Name: set.Name})
	}
	return keys
}

func (r *Reconciler) list() []*v1alpha1.ApplicationSet {
	sets, err := r.Sets.List(labels.Everything())
	if err != nil {
		klog.Background().Error(err, "ApplicationSets cannot be listed")
	}
	return sets
}

func readsClusters(set *v1alpha1.ApplicationSet) bool {
	return slices.ContainsFunc(set.Spec.Generators, func(generator v1alpha1.ApplicationSetGenerator) bool {
		return generator.Clusters != nil
	})
}
