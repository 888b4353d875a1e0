// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package action admits actions on the resources of Applications: each needs the right to run that very
// action, beside the right to create applications/action.
package action

import (
	"context"
	"errors"
	"fmt"
	"io"

	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	"k8s.io/apiserver/pkg/authorization/authorizer"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Name is the name of the plugin.
const Name = "ApplicationAction"

// Verb is the verb on applications/action whose names are actions.
const Verb = "run"

// Register makes the plugin known.
func Register(plugins *admission.Plugins) {
	plugins.Register(Name, func(io.Reader) (admission.Interface, error) { return New(), nil })
}

// Plugin checks the right to run an action.
type Plugin struct {
	*admission.Handler
	authorizer authorizer.UnconditionalAuthorizer
}

var (
	_ admission.ValidationInterface            = &Plugin{}
	_ initializer.WantsUnconditionalAuthorizer = &Plugin{}
)

// New returns the plugin.
func New() *Plugin { return &Plugin{Handler: admission.NewHandler(admission.Create)} }

// SetUnconditionalAuthorizer sets who is asked.
func (p *Plugin) SetUnconditionalAuthorizer(authorizer authorizer.UnconditionalAuthorizer) {
	p.authorizer = authorizer
}

// ValidateInitialization reports whether all is set.
func (p *Plugin) ValidateInitialization() error {
	if p.authorizer == nil {
		return errors.New("an authorizer is missing")
	}
	return nil
}

// Validate refuses an action without the right to run it.
func (p *Plugin) Validate(ctx context.Context, request admission.Attributes, _ admission.ObjectInterfaces) error {
	asked, isAction := request.GetObject().(*v1alpha1.ApplicationAction)
	if !isAction || request.GetResource().GroupResource() != v1alpha1.Resource("applications") {
		return nil
	}
	name := NameOf(asked)
	decision, reason, err := p.authorizer.Authorize(ctx, authorizer.AttributesRecord{
		User: request.GetUserInfo(), Verb: Verb, Namespace: request.GetNamespace(), Name: name,
		APIGroup: v1alpha1.SchemeGroupVersion.Group, APIVersion: v1alpha1.SchemeGroupVersion.Version,
		Resource: "applications", Subresource: "action", ResourceRequest: true,
	})
	if err == nil && decision == authorizer.DecisionAllow {
		return nil
	}
	text := fmt.Sprintf("this needs the right to %s applications/action with the name %s in namespace %s",
		Verb, name, request.GetNamespace())
	if reason != "" {
		text += ": " + reason
	}
	if err != nil {
		text += ": the authorizer could not tell"
	}
	return admission.NewForbidden(request, errors.New(text))
}

// NameOf is the name by which the right to an action is granted: group/Kind/action, or Kind/action in the
// core group.
func NameOf(asked *v1alpha1.ApplicationAction) string {
	name := asked.Resource.Kind + "/" + asked.Action
	if asked.Resource.Group != "" {
		name = asked.Resource.Group + "/" + name
	}
	return name
}
