// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/source"
)

// The indexes by which an event finds the Applications that it concerns.
const (
	byRepository  = "repository"
	byProject     = "project"
	byDestination = "destination"
)

// Indexers are those that Options.Applications needs.
func Indexers() cache.Indexers {
	return cache.Indexers{
		byRepository:  indexed(repositories),
		byProject:     indexed(func(app *v1alpha1.Application) []string { return []string{projectName(app)} }),
		byDestination: indexed(destinations),
	}
}

func indexed(values func(*v1alpha1.Application) []string) cache.IndexFunc {
	return func(object any) ([]string, error) {
		app, isApplication := object.(*v1alpha1.Application)
		if !isApplication {
			return nil, nil
		}
		return values(app), nil
	}
}

func repositories(app *v1alpha1.Application) []string {
	var urls []string
	if app.Spec.Source != nil {
		urls = append(urls, source.Normalize(app.Spec.Source.RepoURL))
	}
	for _, from := range app.Spec.Sources {
		urls = append(urls, source.Normalize(from.RepoURL))
	}
	return urls
}

func destinations(app *v1alpha1.Application) []string {
	return []string{app.Spec.Destination.Server, app.Spec.Destination.Name}
}

// Handler feeds the queue from the informer of Applications.
func (r *Reconciler) Handler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { r.enqueue(object) },
		UpdateFunc: func(before, after any) {
			old, isOld := before.(*v1alpha1.Application)
			app, isNew := after.(*v1alpha1.Application)
			if !isOld || !isNew || concerns(old, app) {
				r.enqueue(after)
			}
		},
		DeleteFunc: func(object any) { r.enqueue(object) },
	}
}

// concerns tells an update that asks for work from one that reports it.
func concerns(old, app *v1alpha1.Application) bool {
	return old.Generation != app.Generation ||
		app.Operation != nil || old.Operation != nil ||
		isTerminating(app) && !isTerminating(old) ||
		app.Annotations[v1alpha1.AnnotationKeyRefresh] != "" ||
		app.Annotations[v1alpha1.AnnotationKeyDeletionApproved] != old.Annotations[v1alpha1.AnnotationKeyDeletionApproved] ||
		old.DeletionTimestamp.IsZero() != app.DeletionTimestamp.IsZero() ||
		old.UID != app.UID
}

func isTerminating(app *v1alpha1.Application) bool {
	state := app.Status.OperationState
	return state != nil && state.Phase == v1alpha1.OperationTerminating
}

func (r *Reconciler) enqueue(object any) {
	if gone, isTombstone := object.(cache.DeletedFinalStateUnknown); isTombstone {
		object = gone.Obj
	}
	if app, isApplication := object.(*v1alpha1.Application); isApplication {
		r.notice(types.NamespacedName{Namespace: app.Namespace, Name: app.Name})
	}
}

// notice has a pass look at everything that concerns an Application.
func (r *Reconciler) notice(key types.NamespacedName) {
	r.states.hear(key)
	r.queue.Add(key)
}

// RepositoryChanged wakes the Applications that read a repository. Those that have nothing
// else to do look at Git alone, which is cheap where a commit does not touch them.
func (r *Reconciler) RepositoryChanged(url string) {
	r.wake(byRepository, source.Normalize(url), r.queue.Add)
}

// ReaderOf names one of the Applications that read a repository.
func (r *Reconciler) ReaderOf(url string) (types.NamespacedName, bool) {
	objects, err := r.Applications.ByIndex(byRepository, source.Normalize(url))
	if err != nil {
		return types.NamespacedName{}, false
	}
	for _, object := range objects {
		if app, isApplication := object.(*v1alpha1.Application); isApplication && app.DeletionTimestamp.IsZero() {
			return types.NamespacedName{Namespace: app.Namespace, Name: app.Name}, true
		}
	}
	return types.NamespacedName{}, false
}

// keepReading wakes one Application of each repository and project: repositories that nobody
// reads are polled no longer.
func (r *Reconciler) keepReading() {
	for _, url := range r.Applications.ListIndexFuncValues(byRepository) {
		objects, err := r.Applications.ByIndex(byRepository, url)
		if err != nil {
			continue
		}
		seen := map[string]bool{}
		for _, object := range objects {
			app, isApplication := object.(*v1alpha1.Application)
			if isApplication && !seen[projectName(app)] {
				seen[projectName(app)] = true
				r.queue.Add(types.NamespacedName{Namespace: app.Namespace, Name: app.Name})
			}
		}
	}
}

// SettingsChanged wakes every Application: what argocd-cm says of all is another now.
func (r *Reconciler) SettingsChanged() {
	for _, key := range r.all() {
		r.notice(key)
	}
}

// ProjectChanged wakes the Applications of a project.
func (r *Reconciler) ProjectChanged(name string) { r.wake(byProject, name, r.notice) }

// DestinationChanged wakes the Applications of a cluster, by its server or its name.
func (r *Reconciler) DestinationChanged(server, name string) {
	r.wake(byDestination, server, r.notice)
	r.wake(byDestination, name, r.notice)
}

func (r *Reconciler) wake(index, value string, add func(types.NamespacedName)) {
	if value == "" {
		return
	}
	objects, err := r.Applications.ByIndex(index, value)
	if err != nil {
		return
	}
	for _, object := range objects {
		if app, isApplication := object.(*v1alpha1.Application); isApplication {
			add(types.NamespacedName{Namespace: app.Namespace, Name: app.Name})
		}
	}
}

// ObjectChanged wakes the Application of an instance name: one of its objects changed.
func (r *Reconciler) ObjectChanged(instance string) {
	if key, named := r.keyOf(instance); named {
		r.notice(key)
	}
}

// keyOf reverses instanceName.
func (r *Reconciler) keyOf(instance string) (types.NamespacedName, bool) {
	if instance == "" {
		return types.NamespacedName{}, false
	}
	namespace, name, elsewhere := strings.Cut(instance, "_")
	if !elsewhere {
		namespace, name = r.Namespace, instance
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, true
}

// all names every Application.
func (r *Reconciler) all() []types.NamespacedName {
	objects := r.Applications.List()
	keys := make([]types.NamespacedName, 0, len(objects))
	for _, object := range objects {
		if app, isApplication := object.(*v1alpha1.Application); isApplication {
			keys = append(keys, types.NamespacedName{Namespace: app.Namespace, Name: app.Name})
		}
	}
	return keys
}

func (r *Reconciler) application(key types.NamespacedName) (*v1alpha1.Application, bool) {
	object, found, err := r.Applications.GetByKey(key.String())
	if err != nil || !found {
		return nil, false
	}
	app, isApplication := object.(*v1alpha1.Application)
	return app, isApplication
}

// serverOf returns the server that an Application is deployed to, "" where it is not known.
func (r *Reconciler) serverOf(app *v1alpha1.Application) string {
	to := app.Spec.Destination
	if to.Server != "" || to.Name == "" {
		return to.Server
	}
	known, err := r.Clusters.ByName(to.Name)
	if err != nil {
		return ""
	}
	return known.Server()
}

// exists reports whether an Application of an instance name is there.
func (r *Reconciler) exists(instance string) bool {
	key, named := r.keyOf(instance)
	if !named {
		return false
	}
	_, found := r.application(key)
	return found
}

// ApprovalHandler wakes the Application that an Approval is about.
func (r *Reconciler) ApprovalHandler() cache.ResourceEventHandler {
	return told(func(object any) {
		if approval, isApproval := object.(*capstan.Approval); isApproval {
			r.asked(approval.Namespace, approval.Spec.Application.Name)
		}
	})
}

// PlanHandler wakes the Application that a Plan is of, where somebody asked for it or took it away.
func (r *Reconciler) PlanHandler() cache.ResourceEventHandler {
	handler := told(func(object any) {
		if made, isPlan := object.(*capstan.Plan); isPlan {
			r.asked(made.Namespace, made.Spec.Application.Name)
		}
	})
	handler.UpdateFunc = nil
	return handler
}

func (r *Reconciler) asked(namespace, name string) {
	key := types.NamespacedName{Namespace: namespace, Name: name}
	r.states.ask(key)
	r.notice(key)
}

// told calls with each object that came, changed or went.
func told(tell func(object any)) cache.ResourceEventHandlerFuncs {
	return cache.ResourceEventHandlerFuncs{
		AddFunc: tell, UpdateFunc: func(_, after any) { tell(after) },
		DeleteFunc: func(object any) {
			if gone, isTombstone := object.(cache.DeletedFinalStateUnknown); isTombstone {
				object = gone.Obj
			}
			tell(object)
		},
	}
}
