// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Actions lists and runs the actions of the objects of a tree. Both fail with an error of reason NotFound where the
// tree has no such object, or the object no such action.
type Actions interface {
	Actions(
		ctx context.Context, app *v1alpha1.Application, resource v1alpha1.ResourceRef,
	) (*v1alpha1.ApplicationActions, error)
	// Act runs an action for a user and returns what it wrote.
	Act(
		ctx context.Context, app *v1alpha1.Application, request *v1alpha1.ApplicationAction, user string, dryRun bool,
	) ([]v1alpha1.ImpactedResource, error)
}

// ActionsREST lists the actions of an object: get applications/actions.
type ActionsREST struct {
	recorded recorded
	actions  Actions
}

// ActionREST runs an action: create applications/action. Admission checks the right to that action.
type ActionREST struct {
	recorded recorded
	actions  Actions
}

var (
	_ rest.GetterWithOptions = &ActionsREST{}
	_ rest.NamedCreater      = &ActionREST{}
)

// New returns an empty list.
func (*ActionsREST) New() runtime.Object { return &v1alpha1.ApplicationActions{} }

// Destroy does nothing: the store belongs to the main resource.
func (*ActionsREST) Destroy() {}

// NewGetOptions returns the empty query.
func (*ActionsREST) NewGetOptions() (runtime.Object, bool, string) {
	return &v1alpha1.ApplicationActionsOptions{}, false, ""
}

// Get lists the actions of the object that the query names.
func (r *ActionsREST) Get(ctx context.Context, name string, options runtime.Object) (runtime.Object, error) {
	query := registry.As[*v1alpha1.ApplicationActionsOptions](options)
	if query.Kind == "" || query.Name == "" {
		return nil, apierrors.NewBadRequest("say which resource: give resourceKind and name, and group and namespace")
	}
	app, err := r.recorded.read(ctx, name)
	if err != nil {
		return nil, err
	}
	answer, err := r.actions.Actions(ctx, app, v1alpha1.ResourceRef{
		Group: query.Group, Version: query.Version, Kind: query.Kind, Namespace: query.Namespace, Name: query.Name,
	})
	if err != nil {
		return nil, refusal(app, err)
	}
	return answer, nil
}

// New returns an empty request.
func (*ActionREST) New() runtime.Object { return &v1alpha1.ApplicationAction{} }

// Destroy does nothing: the store belongs to the main resource.
func (*ActionREST) Destroy() {}

// Create runs the action and answers what it did. It writes to the destination at once: who asks hears how it ended.
func (r *ActionREST) Create(
	ctx context.Context, name string, object runtime.Object, admit rest.ValidateObjectFunc, options *metav1.CreateOptions,
) (runtime.Object, error) {
	request := registry.As[*v1alpha1.ApplicationAction](object)
	if problems := validateAction(request); len(problems) > 0 {
		return nil, apierrors.NewInvalid(v1alpha1.Kind("ApplicationAction"), name, problems)
	}
	if err := admit(ctx, object.DeepCopyObject()); err != nil {
		return nil, err
	}
	app, err := r.recorded.read(ctx, name)
	if err != nil {
		return nil, err
	}
	impacted, err := r.actions.Act(ctx, app, request, requester(ctx), len(options.DryRun) > 0)
	if err != nil {
		return nil, refusal(app, err)
	}
	answer := request.DeepCopy()
	answer.Status = v1alpha1.ApplicationActionStatus{Impacted: impacted}
	return answer, nil
}

func validateAction(request *v1alpha1.ApplicationAction) field.ErrorList {
	var problems field.ErrorList
	resource := field.NewPath("resource")
	if request.Resource.Kind == "" {
		problems = append(problems, field.Required(resource.Child("kind"), "name the kind to act on"))
	}
	if request.Resource.Name == "" {
		problems = append(problems, field.Required(resource.Child("name"), "name the object to act on"))
	}
	if request.Action == "" {
		problems = append(problems, field.Required(field.NewPath("action"),
			"name an action; applications/actions lists them"))
	}
	return problems
}

func requester(ctx context.Context) string {
	if user, known := genericapirequest.UserFrom(ctx); known {
		return user.GetName()
	}
	return ""
}
