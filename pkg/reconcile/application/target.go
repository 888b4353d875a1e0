// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"errors"
	"fmt"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/cluster"
	"github.com/capstan-dev/capstan/pkg/project"
)

// place resolves where an Application goes and checks that its project permits it.
func (r *Reconciler) place(app *v1alpha1.Application) (*cluster.Cluster, *v1alpha1.AppProject, error) {
	owner, err := r.projectOf(app)
	if err != nil {
		return nil, nil, invalid(err)
	}
	if err = project.PermitsNamespace(owner, app.Namespace, r.Namespace); err != nil {
		return nil, nil, invalid(err)
	}
	to := app.Spec.Destination
	if to.Server != "" && to.Name != "" {
		return nil, nil, invalid(fmt.Errorf("spec.destination has both a server (%s) and a name (%s): remove one",
			to.Server, to.Name))
	}
	if to.Server == "" && to.Name == "" {
		return nil, nil, invalid(errors.New("spec.destination names no cluster: set server or name"))
	}
	target, err := r.resolve(to)
	if err != nil {
		return nil, owner, invalid(fmt.Errorf("spec.destination: %w", err))
	}
	if err := project.PermitsDestination(owner, permitted(target, to.Namespace)); err != nil {
		return nil, owner, invalid(err)
	}
	return target, owner, nil
}

func (r *Reconciler) resolve(to v1alpha1.ApplicationDestination) (*cluster.Cluster, error) {
	if to.Server != "" {
		return r.Clusters.ByServer(to.Server)
	}
	return r.Clusters.ByName(to.Name)
}

// permitted describes a destination as projects judge it.
func permitted(target *cluster.Cluster, namespace string) project.Destination {
	known := target.Destination()
	return project.Destination{Server: known.Server, Name: known.Name, Namespace: namespace, Project: known.Project}
}

// projectOf reads the AppProject of an Application; an empty name means "default".
func (r *Reconciler) projectOf(app *v1alpha1.Application) (*v1alpha1.AppProject, error) {
	name := projectName(app)
	owner, err := r.Projects.AppProjects(r.Namespace).Get(name)
	if err != nil {
		return nil, fmt.Errorf("spec.project: AppProject %s is not in namespace %s", name, r.Namespace)
	}
	return owner, nil
}

func projectName(app *v1alpha1.Application) string {
	if app.Spec.Project == "" {
		return "default"
	}
	return app.Spec.Project
}

// instanceName identifies an Application in its destination: the bare name in the
// control-plane namespace, elsewhere with the namespace before it (as Argo CD 3.6).
func (r *Reconciler) instanceName(app *v1alpha1.Application) string {
	if app.Namespace == r.Namespace {
		return app.Name
	}
	return app.Namespace + "_" + app.Name
}
