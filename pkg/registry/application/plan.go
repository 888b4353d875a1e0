// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/authentication/user"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Planner makes Plans of gated Applications.
type Planner interface {
	// Plan makes the Plan that a request asks for and fills in its name and digest; a dry run keeps nothing.
	Plan(
		ctx context.Context, app *v1alpha1.Application, request *v1alpha1.ApplicationPlan, who user.Info, dryRun bool,
	) (*v1alpha1.ApplicationPlan, error)
}

// PlanREST makes a Plan: create applications/plan.
type PlanREST struct {
	recorded recorded
	planner  Planner
}

var _ rest.NamedCreater = &PlanREST{}

// New returns an empty request.
func (*PlanREST) New() runtime.Object { return &v1alpha1.ApplicationPlan{} }

// Destroy does nothing: the store belongs to the main resource.
func (*PlanREST) Destroy() {}

// Create makes the Plan and answers its name and digest.
func (r *PlanREST) Create(
	ctx context.Context, name string, object runtime.Object, admit rest.ValidateObjectFunc, options *metav1.CreateOptions,
) (runtime.Object, error) {
	request := registry.As[*v1alpha1.ApplicationPlan](object)
	if problems := validatePlan(request); len(problems) > 0 {
		return nil, apierrors.NewInvalid(v1alpha1.Kind("ApplicationPlan"), name, problems)
	}
	if err := admit(ctx, object.DeepCopyObject()); err != nil {
		return nil, err
	}
	app, err := r.recorded.read(ctx, name)
	if err != nil {
		return nil, err
	}
	who, known := genericapirequest.UserFrom(ctx)
	if !known {
		return nil, apierrors.NewUnauthorized("a Plan names who asked for it")
	}
	answer, err := r.planner.Plan(ctx, app, request, who, len(options.DryRun) > 0)
	if err != nil {
		return nil, refusal(app, err)
	}
	return answer, nil
}

// validatePlan refuses a request that asks for two things.
func validatePlan(request *v1alpha1.ApplicationPlan) field.ErrorList {
	var problems field.ErrorList
	revised := request.Revision != "" || len(request.Revisions) > 0
	if request.Run != "" && revised {
		problems = append(problems, field.Forbidden(field.NewPath("run"), "a rollback has the revision of its run"))
	}
	if request.Destroy && (revised || request.Run != "" || request.Prune != nil) {
		problems = append(problems, field.Forbidden(field.NewPath("destroy"), "a deletion has no revision, run or prune"))
	}
	return problems
}
