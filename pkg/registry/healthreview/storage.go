// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package healthreview answers healthreviews, which are created and never stored.
package healthreview

import (
	"context"
	"encoding/json"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// Rater rates objects.
type Rater interface {
	// Rating returns what rates by a rule, or by the rules that Applications are rated by where it is nil. It
	// fails where the rule cannot be compiled.
	Rating(rule *v1alpha1.HealthReviewRule) (func(*unstructured.Unstructured) v1alpha1.HealthReviewStatus, error)
}

// Provider makes the storage of healthreviews.
type Provider struct{ Rater Rater }

// Storage returns healthreviews.
func (p Provider) Storage(generic.RESTOptionsGetter) (map[string]rest.Storage, error) {
	return map[string]rest.Storage{"healthreviews": &REST{rater: p.Rater}}, nil
}

// REST answers: create healthreviews.
type REST struct{ rater Rater }

var (
	_ rest.Scoper               = &REST{}
	_ rest.SingularNameProvider = &REST{}
	_ rest.CategoriesProvider   = &REST{}
)

// New returns an empty review.
func (*REST) New() runtime.Object { return &v1alpha1.HealthReview{} }

// Destroy does nothing: there is no store.
func (*REST) Destroy() {}

// NamespaceScoped is false: a review is of no namespace.
func (*REST) NamespaceScoped() bool { return false }

// GetSingularName returns the singular name.
func (*REST) GetSingularName() string { return "healthreview" }

// Categories returns the categories that the kind is in.
func (*REST) Categories() []string { return []string{registry.Category} }

// Create rates the object and answers the review.
func (r *REST) Create(
	ctx context.Context, object runtime.Object, admit rest.ValidateObjectFunc, _ *metav1.CreateOptions,
) (runtime.Object, error) {
	review := registry.As[*v1alpha1.HealthReview](object).DeepCopy()
	subject, problems := subjectOf(review)
	if len(problems) > 0 {
		return nil, apierrors.NewInvalid(v1alpha1.Kind("HealthReview"), review.Name, problems)
	}
	rate, err := r.rater.Rating(review.Spec.Rule)
	if err != nil {
		return nil, apierrors.NewInvalid(v1alpha1.Kind("HealthReview"), review.Name, field.ErrorList{
			field.Invalid(field.NewPath("spec", "rule"), field.OmitValueType{}, err.Error()),
		})
	}
	if err = admit(ctx, review.DeepCopy()); err != nil {
		return nil, err
	}
	review.Status = rate(subject)
	manifest.Mask(subject)
	masked, err := subject.MarshalJSON()
	if err != nil {
		return nil, apierrors.NewInternalError(err)
	}
	review.Spec.Object = argov1alpha1.JSON{Raw: masked}
	return review, nil
}

func subjectOf(review *v1alpha1.HealthReview) (*unstructured.Unstructured, field.ErrorList) {
	spec := field.NewPath("spec")
	if rule := review.Spec.Rule; rule != nil && (rule.Lua == "") == (rule.CEL == "") {
		return nil, field.ErrorList{field.Invalid(spec.Child("rule"), field.OmitValueType{}, "set lua or cel")}
	}
	subject := &unstructured.Unstructured{}
	if err := json.Unmarshal(review.Spec.Object.Raw, subject); err != nil {
		return nil, field.ErrorList{field.Invalid(spec.Child("object"), field.OmitValueType{},
			"write an object with apiVersion and kind")}
	}
	return subject, nil
}
