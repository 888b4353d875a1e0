// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package approval

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/generic"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// instead is what people do who want to approve.
const instead = "to approve, create applications/approve"

// strategy keeps Approvals what they are: what the server recorded of a request, once.
type strategy struct{ registry.Strategy }

// AllowUnconditionalUpdate is false: there is nothing to replace.
func (strategy) AllowUnconditionalUpdate(context.Context) bool { return false }

// GetResetFields names the status, which the main resource ignores.
func (strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.ResetFields(v1alpha1.SchemeGroupVersion, fieldpath.MakePathOrDie("status"))
}

// PrepareForCreate begins an Approval as unused.
func (strategy) PrepareForCreate(_ context.Context, object runtime.Object) {
	approval := registry.As[*v1alpha1.Approval](object)
	approval.Generation, approval.Status = 1, v1alpha1.ApprovalStatus{}
}

// PrepareForUpdate keeps the status.
func (strategy) PrepareForUpdate(_ context.Context, updated, current runtime.Object) {
	approval, old := registry.As[*v1alpha1.Approval](updated), registry.As[*v1alpha1.Approval](current)
	approval.Generation, approval.Status = old.Generation, old.Status
}

// Validate lets nobody but the server itself write an Approval, whatever their rights.
func (strategy) Validate(ctx context.Context, object runtime.Object) field.ErrorList {
	return append(registry.ValidateName(registry.As[*v1alpha1.Approval](object)), registry.OnlyOwn(ctx, instead)...)
}

// ValidateUpdate refuses to change what was said.
func (strategy) ValidateUpdate(_ context.Context, updated, current runtime.Object) field.ErrorList {
	if equality.Semantic.DeepEqual(registry.As[*v1alpha1.Approval](updated).Spec,
		registry.As[*v1alpha1.Approval](current).Spec) {
		return nil
	}
	return field.ErrorList{field.Forbidden(field.NewPath("spec"), "an Approval never changes; delete it to revoke it")}
}

// statusStrategy decides what /status may change: the status, by the server.
type statusStrategy struct{ strategy }

// GetResetFields names what the status surface ignores.
func (statusStrategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.StatusResetFields(v1alpha1.SchemeGroupVersion)
}

// PrepareForUpdate keeps the rest.
func (statusStrategy) PrepareForUpdate(_ context.Context, updated, current runtime.Object) {
	approval, old := registry.As[*v1alpha1.Approval](updated), registry.As[*v1alpha1.Approval](current)
	registry.KeepMetadata(approval, old)
	approval.Generation, approval.Spec = old.Generation, old.Spec
}

// ValidateUpdate lets nobody but the server itself say what became of an Approval.
func (statusStrategy) ValidateUpdate(ctx context.Context, updated, current runtime.Object) field.ErrorList {
	approval, old := registry.As[*v1alpha1.Approval](updated), registry.As[*v1alpha1.Approval](current)
	if equality.Semantic.DeepEqual(approval.Status, old.Status) {
		return nil
	}
	return registry.OnlyOwn(ctx, "the sync of the Plan uses it, and applications/approve reviews it")
}

// attributes returns what Approvals can be selected by.
func attributes(object runtime.Object) (labels.Set, fields.Set, error) {
	approval, isApproval := object.(*v1alpha1.Approval)
	if !isApproval {
		return nil, nil, fmt.Errorf("expected an Approval, got %T", object)
	}
	own := fields.Set{
		"spec.application.name": approval.Spec.Application.Name,
		"spec.plan":             approval.Spec.Plan,
	}
	return approval.Labels, generic.MergeFieldsSets(own, generic.ObjectMetaFieldsSet(&approval.ObjectMeta, true)), nil
}
