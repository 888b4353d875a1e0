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
	capstan "github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Approvals records what people say of Plans.
type Approvals interface {
	// Record checks that somebody may say so of the Application's newest Plan, and keeps it; a dry run keeps nothing.
	Record(
		ctx context.Context, app *v1alpha1.Application, decision capstan.ApprovalDecision,
		request *v1alpha1.ApplicationApproval, who user.Info, dryRun bool,
	) (*v1alpha1.ApplicationApproval, error)
	// Review checks that somebody may review an emergency of the Application, and keeps it; a dry run keeps nothing.
	Review(
		ctx context.Context, app *v1alpha1.Application, request *v1alpha1.ApplicationApproval, who user.Info, dryRun bool,
	) (*v1alpha1.ApplicationApproval, error)
}

// Gate judges operations on gated Applications.
type Gate interface {
	// Operation fails where the gate does not let an operation begin. plan is the digest of the Plan that is meant, "" for
	// the newest.
	Operation(ctx context.Context, app *v1alpha1.Application, operation *v1alpha1.Operation, plan string) error
}

// ApprovalREST records one decision on a Plan: create applications/approve, reject or breakglass.
type ApprovalREST struct {
	recorded  recorded
	decision  capstan.ApprovalDecision
	approvals Approvals
}

var _ rest.NamedCreater = &ApprovalREST{}

// New returns an empty request.
func (*ApprovalREST) New() runtime.Object { return &v1alpha1.ApplicationApproval{} }

// Destroy does nothing: the store belongs to the main resource.
func (*ApprovalREST) Destroy() {}

// Create records the decision and answers which approvals are missing still.
func (r *ApprovalREST) Create(
	ctx context.Context, name string, object runtime.Object, admit rest.ValidateObjectFunc, options *metav1.CreateOptions,
) (runtime.Object, error) {
	request := registry.As[*v1alpha1.ApplicationApproval](object)
	if problems := r.validate(request); len(problems) > 0 {
		return nil, apierrors.NewInvalid(v1alpha1.Kind("ApplicationApproval"), name, problems)
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
		return nil, apierrors.NewUnauthorized("an approval names who gave it")
	}
	if request.Review != "" {
		return r.approvals.Review(ctx, app, request, who, len(options.DryRun) > 0)
	}
	return r.approvals.Record(ctx, app, r.decision, request, who, len(options.DryRun) > 0)
}

// validate refuses a request that speaks of nothing, or of two things.
func (r *ApprovalREST) validate(request *v1alpha1.ApplicationApproval) field.ErrorList {
	review := field.NewPath("review")
	switch {
	case request.Review == "" && request.PlanDigest == "":
		return field.ErrorList{field.Required(field.NewPath("planDigest"), "name the digest of the Plan that you read")}
	case request.Review == "":
		return nil
	case r.decision != capstan.DecisionApprove:
		return field.ErrorList{field.Forbidden(review, "an emergency is reviewed by applications/approve")}
	case request.PlanDigest != "" || request.Ticket != "" || request.Duration != nil:
		return field.ErrorList{field.Forbidden(review, "a review has no planDigest, ticket or duration")}
	}
	return nil
}
