// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package project admits Applications only where their AppProject permits repository,
// destination and namespace. A project that is not there, or a destination that is not
// known yet, is no reason to refuse: the reconciler enforces both, and the order in which
// manifests are applied is the user's.
package project

import (
	"context"
	"errors"
	"io"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apiserver/pkg/admission"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/project"
)

// Name is the name of the plugin.
const Name = "ApplicationProject"

// Reader reads what projects are judged by.
type Reader interface {
	// Project returns the AppProject of a name, and whether it is there.
	Project(name string) (*v1alpha1.AppProject, bool)
	// Destination completes a destination with the other name of its cluster, and says
	// whether the cluster is known.
	Destination(to v1alpha1.ApplicationDestination) (project.Destination, bool)
	// ControlPlane is the namespace whose Applications may be of any project.
	ControlPlane() string
}

// WantsReader is a plugin that needs a Reader.
type WantsReader interface {
	SetReader(Reader)
}

// Register makes the plugin known.
func Register(plugins *admission.Plugins) {
	plugins.Register(Name, func(io.Reader) (admission.Interface, error) { return New(), nil })
}

// Plugin enforces AppProjects on writes of Applications.
type Plugin struct {
	*admission.Handler
	reader Reader
}

var (
	_ admission.ValidationInterface     = &Plugin{}
	_ admission.InitializationValidator = &Plugin{}
	_ WantsReader                       = &Plugin{}
)

// New returns the plugin.
func New() *Plugin { return &Plugin{Handler: admission.NewHandler(admission.Create, admission.Update)} }

// SetReader sets what is read from.
func (p *Plugin) SetReader(reader Reader) { p.reader = reader }

// ValidateInitialization reports whether all is set.
func (p *Plugin) ValidateInitialization() error {
	if p.reader == nil {
		return errors.New("a reader of projects is missing")
	}
	return nil
}

// Validate refuses an Application that its project does not permit.
func (p *Plugin) Validate(_ context.Context, request admission.Attributes, _ admission.ObjectInterfaces) error {
	if request.GetResource().GroupResource() != v1alpha1.Resource("applications") || request.GetSubresource() != "" {
		return nil
	}
	app, isApplication := request.GetObject().(*v1alpha1.Application)
	if !isApplication || app.DeletionTimestamp != nil {
		return nil
	}
	old, isUpdate := request.GetOldObject().(*v1alpha1.Application)
	if isUpdate && equality.Semantic.DeepEqual(app.Spec, old.Spec) &&
		equality.Semantic.DeepEqual(app.Operation, old.Operation) {
		return nil
	}
	if err := p.permits(app); err != nil {
		return admission.NewForbidden(request, err)
	}
	return nil
}

func (p *Plugin) permits(app *v1alpha1.Application) error {
	name := app.Spec.Project
	if name == "" {
		name = v1alpha1.DefaultProject
	}
	owner, known := p.reader.Project(name)
	if !known {
		return nil
	}
	if err := project.PermitsNamespace(owner, app.Namespace, p.reader.ControlPlane()); err != nil {
		return err
	}
	for _, url := range repositories(app) {
		if err := project.PermitsSource(owner, url); err != nil {
			return err
		}
	}
	to, known := p.reader.Destination(app.Spec.Destination)
	if !known {
		return nil
	}
	return project.PermitsDestination(owner, to)
}

// repositories are all that an Application would read from, its operation included.
func repositories(app *v1alpha1.Application) []string {
	sources := append(v1alpha1.ApplicationSources{}, app.Spec.Sources...)
	if app.Spec.Source != nil {
		sources = append(sources, *app.Spec.Source)
	}
	if app.Operation != nil && app.Operation.Sync != nil {
		sources = append(sources, app.Operation.Sync.Sources...)
		if app.Operation.Sync.Source != nil {
			sources = append(sources, *app.Operation.Sync.Source)
		}
	}
	urls := make([]string, 0, len(sources))
	for _, source := range sources {
		if source.RepoURL != "" {
			urls = append(urls, source.RepoURL)
		}
	}
	return urls
}
