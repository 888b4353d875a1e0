// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
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
		ObjectMeta: metav1.ObjectMeta{
			Namespace: plan.Namespace, Name: nameOf(plan.Spec.Manifests),
			Labels: map[string]string{wantedLabel: string(plan.UID)},
		},
		Data: given.Data,
	}
	made, _, err := r.store.Update(ctx, kept.Name, rest.DefaultUpdatedObjectInfo(kept), rest.ValidateAllObjectFunc,
		rest.ValidateAllObjectUpdateFunc, true, &metav1.UpdateOptions{DryRun: options.DryRun})
	return made, err
}

// wantedLabel is the UID of the Plan that wanted manifests last. It changes their version, so that nobody deletes them
// who read the Plans before that.
const wantedLabel = "capstan.dev/plan-uid"

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

// release deletes the manifests of a Plan that is gone, where no other one names them.
func (r *ManifestsREST) release(ctx context.Context, gone *v1alpha1.Plan) error {
	if gone.Spec.Manifests == "" {
		return nil
	}
	ctx = genericapirequest.WithNamespace(ctx, gone.Namespace)
	object, err := r.store.Get(ctx, nameOf(gone.Spec.Manifests), &metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	named, err := r.named(ctx)
	if err != nil {
		return err
	}
	return r.drop(ctx, registry.As[*v1alpha1.PlanManifests](object).ObjectMeta, named)
}

// sweep deletes all manifests that no Plan names: a server that ended in between leaves them behind.
func (r *ManifestsREST) sweep(ctx context.Context) error {
	ctx = genericapirequest.WithNamespace(ctx, metav1.NamespaceAll)
	const page = 20
	var kept []metav1.ObjectMeta
	for options := (&metainternalversion.ListOptions{Limit: page}); ; {
		object, err := r.store.List(ctx, options)
		if err != nil {
			return err
		}
		list := registry.As[*v1alpha1.PlanManifestsList](object)
		for i := range list.Items {
			kept = append(kept, list.Items[i].ObjectMeta)
		}
		if options.Continue = list.Continue; options.Continue == "" {
			break
		}
	}
	// The Plans are read after their manifests, which come after them.
	named, err := r.named(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for _, meta := range kept {
		problems = append(problems, r.drop(genericapirequest.WithNamespace(ctx, meta.Namespace), meta, named))
	}
	return errors.Join(problems...)
}

// named are the manifests that Plans name.
func (r *ManifestsREST) named(ctx context.Context) (map[types.NamespacedName]bool, error) {
	object, err := r.plans.List(ctx, nil)
	if err != nil {
		return nil, err
	}
	named := map[types.NamespacedName]bool{}
	for _, plan := range registry.As[*v1alpha1.PlanList](object).Items {
		named[types.NamespacedName{Namespace: plan.Namespace, Name: nameOf(plan.Spec.Manifests)}] = true
	}
	return named, nil
}

// drop deletes manifests that are not named, unless somebody has wanted them since they were read.
func (r *ManifestsREST) drop(ctx context.Context, meta metav1.ObjectMeta, named map[types.NamespacedName]bool) error {
	if named[types.NamespacedName{Namespace: meta.Namespace, Name: meta.Name}] {
		return nil
	}
	_, _, err := r.store.Delete(ctx, meta.Name, rest.ValidateAllObjectFunc, &metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &meta.UID, ResourceVersion: &meta.ResourceVersion},
	})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
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

// AllowCreateOnUpdate says yes: who wants manifests writes them, whether they are there or not.
func (manifestsStrategy) AllowCreateOnUpdate(context.Context) bool { return true }

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
