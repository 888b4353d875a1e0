// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package operation admits the start and the end of an operation through the main resource
// of applications: the peer's clients write .operation and .status.operationState there,
// and that needs the same rights as the subresources sync and terminate.
package operation

import (
	"context"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	"k8s.io/apiserver/pkg/authorization/authorizer"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Name is the name of the plugin.
const Name = "ApplicationOperation"

// Register makes the plugin known.
func Register(plugins *admission.Plugins) {
	plugins.Register(Name, func(io.Reader) (admission.Interface, error) { return New(), nil })
}

// Plugin checks the right to start and to end operations.
type Plugin struct {
	*admission.Handler
	authorizer authorizer.UnconditionalAuthorizer
}

var (
	_ admission.ValidationInterface            = &Plugin{}
	_ initializer.WantsUnconditionalAuthorizer = &Plugin{}
)

// New returns the plugin.
func New() *Plugin { return &Plugin{Handler: admission.NewHandler(admission.Create, admission.Update)} }

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

// Validate refuses a write that starts or ends an operation without the right to.
func (p *Plugin) Validate(ctx context.Context, request admission.Attributes, _ admission.ObjectInterfaces) error {
	onMain := request.GetSubresource() == "" || request.GetSubresource() == "status"
	if request.GetResource().GroupResource() != v1alpha1.Resource("applications") || !onMain {
		return nil
	}
	app, isApplication := request.GetObject().(*v1alpha1.Application)
	if !isApplication {
		return nil
	}
	old, _ := request.GetOldObject().(*v1alpha1.Application)
	for _, subresource := range needs(app, old, request.GetSubresource() == "status") {
		if err := p.check(ctx, request, app, subresource); err != nil {
			return err
		}
	}
	return nil
}

// needs names the subresources whose right a write needs: whatever the verb or the kind of
// patch, only what changes counts. old is nil on create. A status takes away the operation that
// it reports as finished, and no other.
func needs(app, old *v1alpha1.Application, onStatus bool) []string {
	if old == nil {
		old = &v1alpha1.Application{}
	}
	var subresources []string
	if app.Operation != nil && !equality.Semantic.DeepEqual(app.Operation, old.Operation) {
		subresources = append(subresources, "sync")
	}
	dropped := old.Operation != nil && app.Operation == nil && !onStatus
	if dropped || terminating(app) && !terminating(old) {
		subresources = append(subresources, "terminate")
	}
	return subresources
}

func terminating(app *v1alpha1.Application) bool {
	state := app.Status.OperationState
	return state != nil && state.Phase == v1alpha1.OperationTerminating
}

func (p *Plugin) check(
	ctx context.Context, request admission.Attributes, app *v1alpha1.Application, subresource string,
) error {
	decision, reason, err := p.authorizer.Authorize(ctx, authorizer.AttributesRecord{
		User: request.GetUserInfo(), Verb: "create", Namespace: request.GetNamespace(), Name: app.Name,
		APIGroup: v1alpha1.SchemeGroupVersion.Group, APIVersion: v1alpha1.SchemeGroupVersion.Version,
		Resource: "applications", Subresource: subresource, ResourceRequest: true,
	})
	if err == nil && decision == authorizer.DecisionAllow {
		return nil
	}
	text := fmt.Sprintf("this needs the right to create applications/%s in namespace %s",
		subresource, request.GetNamespace())
	if reason != "" {
		text += ": " + reason
	}
	if err != nil {
		text += ": the authorizer could not tell"
	}
	return admission.NewForbidden(request, errors.New(text))
}
