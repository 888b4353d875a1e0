// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/reconcile/analyses"
	"github.com/capstan-dev/capstan/pkg/reconcile/written"
	"github.com/capstan-dev/capstan/pkg/rollout"
	"github.com/capstan-dev/capstan/pkg/traffic"
)

const (
	// byService is the index of Rollouts by the Services that they drive.
	byService = "service"
	// byRoute is the index of Rollouts by the routers' objects that they drive.
	byRoute = "route"
	// byTemplate is the index of Rollouts by the templates of their analyses.
	byTemplate = "template"
	// byUID is the index of Rollouts by their UIDs.
	byUID = "uid"
	// byCluster is the index of Rollouts by the places, outside the host, where their pods may be.
	byCluster = "cluster"
)

// RolloutIndexers are those that Options.Rollouts needs.
func RolloutIndexers() cache.Indexers {
	of := func(keysOf func(*v1alpha1.Rollout) []string) cache.IndexFunc {
		return func(object any) ([]string, error) {
			if r, isRollout := object.(*v1alpha1.Rollout); isRollout {
				return keysOf(r), nil
			}
			return nil, nil
		}
	}
	return cache.Indexers{
		byService: of(serviceKeys), byRoute: of(routeKeys), byCluster: of(placeKeys),
		byTemplate: of(templateKeys),
		byUID:      of(func(r *v1alpha1.Rollout) []string { return []string{string(r.UID)} }),
	}
}

// placeKeys are the sites that a Rollout may use.
func placeKeys(r *v1alpha1.Rollout) []string {
	name := rollout.ClusterOf(r)
	if name == "" {
		return nil
	}
	return []string{place{cluster: name}.String(), place{name, r.Namespace}.String()}
}

// String is the key of the Rollouts of a place.
func (p place) String() string { return p.cluster + "/" + p.namespace }

// inUse reports whether a Rollout has its pods at a place.
func (r *Reconciler) inUse(at place) bool {
	users, err := r.Rollouts.ByIndex(byCluster, at.String())
	return err != nil || len(users) > 0
}

// ClusterChanged visits the Rollouts of a cluster that was registered, removed, lost or found again.
func (r *Reconciler) ClusterChanged(name string) {
	r.visitAll(byCluster, place{cluster: name}.String())
}

func serviceKeys(r *v1alpha1.Rollout) []string {
	var keys []string
	for _, named := range rollout.ServicesOf(r) {
		keys = append(keys, r.Namespace+"/"+named.Name)
	}
	return keys
}

// routeKeys are the objects that a Rollout's routers have to see. Those that are chosen by labels are known by their
// namespace and kind.
func routeKeys(r *v1alpha1.Rollout) []string {
	// A Rollout whose routers are unknown drives nothing.
	routers, err := traffic.Routers(r)
	if err != nil {
		return nil
	}
	var keys []string
	for _, router := range routers {
		for _, need := range router.Needs() {
			keys = append(keys, need.String())
		}
	}
	return keys
}

func templateKeys(r *v1alpha1.Rollout) []string {
	var keys []string
	for _, named := range rollout.AnalysesOf(r) {
		for _, ref := range named.Analysis.Templates {
			keys = append(keys, analyses.Named(ref, r.Namespace).String())
		}
	}
	return keys
}

// TemplateHandler visits the Rollouts whose analyses are made of a template that came, changed or went.
func (r *Reconciler) TemplateHandler() cache.ResourceEventHandler {
	changed := func(object any) {
		if gone, isTombstone := object.(cache.DeletedFinalStateUnknown); isTombstone {
			object = gone.Obj
		}
		template, isObject := object.(metav1.Object)
		if !isObject {
			return
		}
		r.checked.outdate()
		of := types.NamespacedName{Namespace: template.GetNamespace(), Name: template.GetName()}
		for _, user := range r.Templates.Users(of) {
			r.visitAll(byTemplate, user.String())
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc: changed, UpdateFunc: func(_, now any) { changed(now) }, DeleteFunc: changed,
	}
}

// routeChanged visits the Rollouts that drive a router's object.
func (r *Reconciler) routeChanged(ref traffic.Ref) {
	anyOf := ref
	anyOf.Name = ""
	for _, key := range []string{ref.String(), anyOf.String()} {
		r.visitAll(byRoute, key)
	}
}

// visitAll visits the Rollouts of a key of an index.
func (r *Reconciler) visitAll(index, key string) {
	// The indexes are ours: they are there.
	drivers, err := r.Rollouts.ByIndex(index, key)
	if err != nil {
		return
	}
	for _, object := range drivers {
		if driver, isRollout := object.(*v1alpha1.Rollout); isRollout {
			r.queue.Add(types.NamespacedName{Namespace: driver.Namespace, Name: driver.Name})
		}
	}
}

// Handler visits a Rollout that came or changed.
func (r *Reconciler) Handler() cache.ResourceEventHandler {
	return written.Watching(r.fresh.rollouts, func(object metav1.Object) {
		r.queue.Add(types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()})
	})
}

// RunHandler visits the Rollout of an AnalysisRun that came, changed or went.
func (r *Reconciler) RunHandler() cache.ResourceEventHandler {
	return written.Watching(r.fresh.runs, r.ownerChanged)
}

// ownerChanged visits the Rollout that controls an object which came, changed or went.
func (r *Reconciler) ownerChanged(object metav1.Object) {
	if owner := written.OwnerOf(object, kind); owner != nil {
		r.queue.Add(types.NamespacedName{Namespace: object.GetNamespace(), Name: owner.Name})
	}
}

// setChanged visits the Rollout of a ReplicaSet that came, changed or went.
func (r *Reconciler) setChanged(set metav1.Object) {
	r.ownerChanged(set)
	if uid := set.GetLabels()[v1alpha1.LabelRolloutUID]; uid != "" {
		r.visitAll(byUID, uid)
	}
}

// serviceChanged visits the Rollouts that drive a Service which came, changed or went.
func (r *Reconciler) serviceChanged(service metav1.Object) {
	r.visitAll(byService, service.GetNamespace()+"/"+service.GetName())
}
