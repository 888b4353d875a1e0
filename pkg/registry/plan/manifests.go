// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/generic"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/manifest"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// ManifestsREST shows and keeps the manifests of Plans: get plans/manifests. They are kept by their digest, once for
// all Plans of a namespace, as the resource planmanifests.capstan.dev, by which --encryption-provider-config encrypts
// them.
type ManifestsREST struct {
	store *registry.REST
	plans *genericregistry.Store
}

var (
	_ rest.Getter       = &ManifestsREST{}
	_ rest.NamedCreater = &ManifestsREST{}
)

func newManifests(
	scheme *runtime.Scheme, getter generic.RESTOptionsGetter, plans *genericregistry.Store,
) (*ManifestsREST, error) {
	resource := v1alpha1.Resource("planmanifests")
	store, err := registry.NewStore(getter, registry.Options{
		Resource: resource,
		Singular: "planmanifest",
		New:      func() runtime.Object { return &v1alpha1.PlanManifests{} },
		NewList:  func() runtime.Object { return &v1alpha1.PlanManifestsList{} },
		Strategy: manifestsStrategy{registry.NewStrategy(scheme)},
		Table:    rest.NewDefaultTableConvertor(resource),
	})
	if err != nil {
		return nil, err
	}
	return &ManifestsREST{store, plans}, nil
}

// New returns no manifests.
func (*ManifestsREST) New() runtime.Object { return &v1alpha1.PlanManifests{} }

// Destroy does nothing: the stores are closed by who made them.
func (r *ManifestsREST) Destroy() { r.store.Destroy() }

// Get returns the manifests of a Plan: to the server itself as they are kept, to others with Secrets masked.
func (r *ManifestsREST) Get(ctx context.Context, name string, _ *metav1.GetOptions) (runtime.Object, error) {
	plan, err := r.planOf(ctx, name)
	if err != nil {
		return nil, err
	}
	object, err := r.store.Get(ctx, nameOf(plan.Spec.Manifests), &metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	kept := registry.As[*v1alpha1.PlanManifests](object)
	if registry.IsOwn(ctx) {
		return kept, nil
	}
	answer := &v1alpha1.PlanManifests{ObjectMeta: metav1.ObjectMeta{Namespace: plan.Namespace, Name: plan.Name}}
	if answer.Manifests, err = masked(kept.Data); err != nil {
		return nil, fmt.Errorf("read the manifests of Plan %s: %w", name, err)
	}
	return answer, nil
}

// Create keeps the manifests of a Plan; the same again changes nothing.
func (r *ManifestsREST) Create(
	ctx context.Context, name string, object runtime.Object, _ rest.ValidateObjectFunc, options *metav1.CreateOptions,
) (runtime.Object, error) {
	if problems := registry.OnlyOwn(ctx, instead); len(problems) > 0 {
		return nil, apierrors.NewForbidden(v1alpha1.Resource("plans/manifests"), name, problems.ToAggregate())
	}
	plan, err := r.planOf(ctx, name)
	if err != nil {
		return nil, err
	}
	given := registry.As[*v1alpha1.PlanManifests](object)
	if _, digest, broken := manifest.Unpack(given.Data); broken != nil || digest != plan.Spec.Manifests {
		return nil, apierrors.NewInvalid(v1alpha1.Kind("PlanManifests"), name, field.ErrorList{
			field.Invalid(field.NewPath("data"), digest, "it is not what the Plan's spec.manifests names"),
		})
	}
	kept := &v1alpha1.PlanManifests{
		ObjectMeta: metav1.ObjectMeta{Namespace: plan.Namespace, Name: nameOf(plan.Spec.Manifests)}, Data: given.Data,
	}
	made, err := r.store.Create(ctx, kept, rest.ValidateAllObjectFunc, options)
	if apierrors.IsAlreadyExists(err) {
		return kept, nil
	}
	return made, err
}

func (r *ManifestsREST) planOf(ctx context.Context, name string) (*v1alpha1.Plan, error) {
	object, err := r.plans.Get(ctx, name, &metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	plan := registry.As[*v1alpha1.Plan](object)
	if plan.Spec.Manifests == "" {
		return nil, apierrors.NewNotFound(v1alpha1.Resource("plans/manifests"), name)
	}
	return plan, nil
}

// release drops the manifests of a Plan that is gone, where no other Plan has the same.
func (r *ManifestsREST) release(ctx context.Context, gone *v1alpha1.Plan) error {
	if gone.Spec.Manifests == "" {
		return nil
	}
	ctx = genericapirequest.WithNamespace(ctx, gone.Namespace)
	object, err := r.plans.List(ctx, nil)
	if err != nil {
		return err
	}
	for _, plan := range registry.As[*v1alpha1.PlanList](object).Items {
		if plan.Spec.Manifests == gone.Spec.Manifests && plan.UID != gone.UID {
			return nil
		}
	}
	_, _, err = r.store.Delete(ctx, nameOf(gone.Spec.Manifests), rest.ValidateAllObjectFunc, &metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// nameOf is the name under which manifests of a digest are kept.
func nameOf(digest string) string { return strings.ReplaceAll(digest, ":", "-") }

// masked unpacks manifests and hides the values of Secrets.
func masked(data []byte) ([]argov1alpha1.JSON, error) {
	manifests, _, err := manifest.Unpack(data)
	if err != nil {
		return nil, err
	}
	shown := make([]argov1alpha1.JSON, 0, len(manifests))
	for _, m := range manifests {
		object, err := m.Object()
		if err != nil {
			return nil, err
		}
		manifest.Mask(object)
		raw, err := object.MarshalJSON()
		if err != nil {
			return nil, err
		}
		shown = append(shown, argov1alpha1.JSON{Raw: raw})
	}
	return shown, nil
}

// manifestsStrategy keeps whatever ManifestsREST let through.
type manifestsStrategy struct{ registry.Strategy }

// PrepareForCreate changes nothing.
func (manifestsStrategy) PrepareForCreate(context.Context, runtime.Object) {}

// PrepareForUpdate changes nothing.
func (manifestsStrategy) PrepareForUpdate(context.Context, runtime.Object, runtime.Object) {}

// Validate finds nothing: no client writes here.
func (manifestsStrategy) Validate(context.Context, runtime.Object) field.ErrorList { return nil }

// ValidateUpdate finds nothing: no client writes here.
func (manifestsStrategy) ValidateUpdate(context.Context, runtime.Object, runtime.Object) field.ErrorList {
	return nil
}
