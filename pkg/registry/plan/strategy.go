// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

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

	argov1alpha1 "github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// instead is what people do who want a Plan.
const instead = "for a Plan, create applications/plan"

// strategy keeps Plans what they are: what the server wrote, once.
type strategy struct{ registry.Strategy }

// AllowUnconditionalUpdate is false: there is nothing to replace.
func (strategy) AllowUnconditionalUpdate(context.Context) bool { return false }

// GetResetFields names the status, which the main resource ignores.
func (strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.ResetFields(v1alpha1.SchemeGroupVersion, fieldpath.MakePathOrDie("status"))
}

// PrepareForCreate begins a Plan as pending.
func (strategy) PrepareForCreate(_ context.Context, object runtime.Object) {
	plan := registry.As[*v1alpha1.Plan](object)
	plan.Generation = 1
	plan.Status = v1alpha1.PlanStatus{Phase: v1alpha1.PlanPending, Missing: plan.Status.Missing}
}

// PrepareForUpdate keeps the status.
func (strategy) PrepareForUpdate(_ context.Context, updated, current runtime.Object) {
	plan, old := registry.As[*v1alpha1.Plan](updated), registry.As[*v1alpha1.Plan](current)
	plan.Generation, plan.Status = old.Generation, old.Status
}

// Validate lets nobody but the server itself write a Plan, whatever their rights.
func (strategy) Validate(ctx context.Context, object runtime.Object) field.ErrorList {
	plan := registry.As[*v1alpha1.Plan](object)
	problems := append(registry.ValidateName(plan), registry.OnlyOwn(ctx, instead)...)
	if plan.Digest != gate.PlanDigest(plan.Spec) {
		problems = append(problems, field.Invalid(field.NewPath("digest"), plan.Digest, "it is not that of the spec"))
	}
	return problems
}

// ValidateUpdate refuses to change what may be approved already.
func (strategy) ValidateUpdate(_ context.Context, updated, current runtime.Object) field.ErrorList {
	plan, old := registry.As[*v1alpha1.Plan](updated), registry.As[*v1alpha1.Plan](current)
	var problems field.ErrorList
	if !equality.Semantic.DeepEqual(plan.Spec, old.Spec) {
		problems = append(problems, field.Forbidden(field.NewPath("spec"), "a Plan never changes; "+instead))
	}
	if plan.Digest != old.Digest {
		problems = append(problems, field.Forbidden(field.NewPath("digest"), "a Plan never changes; "+instead))
	}
	return problems
}

// statusStrategy decides what /status may change: the status, by the server.
type statusStrategy struct{ strategy }

// GetResetFields names what the status surface ignores.
func (statusStrategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.StatusResetFields(v1alpha1.SchemeGroupVersion)
}

// PrepareForUpdate keeps the rest.
func (statusStrategy) PrepareForUpdate(_ context.Context, updated, current runtime.Object) {
	plan, old := registry.As[*v1alpha1.Plan](updated), registry.As[*v1alpha1.Plan](current)
	registry.KeepMetadata(plan, old)
	plan.Generation, plan.Spec, plan.Digest = old.Generation, old.Spec, old.Digest
}

// ValidateUpdate lets nobody but the server itself say what became of a Plan, and nobody take back that it began.
func (statusStrategy) ValidateUpdate(ctx context.Context, updated, current runtime.Object) field.ErrorList {
	plan, old := registry.As[*v1alpha1.Plan](updated), registry.As[*v1alpha1.Plan](current)
	if equality.Semantic.DeepEqual(plan.Status, old.Status) {
		return nil
	}
	problems := registry.OnlyOwn(ctx, "approvals change it")
	if began := old.Status.StartedAt; began != nil && !began.Equal(plan.Status.StartedAt) {
		problems = append(problems, field.Forbidden(field.NewPath("status", "startedAt"), "a Plan is used once"))
	}
	return problems
}

// attributes returns what Plans can be selected by.
func attributes(object runtime.Object) (labels.Set, fields.Set, error) {
	plan, isPlan := object.(*v1alpha1.Plan)
	if !isPlan {
		return nil, nil, fmt.Errorf("expected a Plan, got %T", object)
	}
	own := fields.Set{
		"spec.application.name": plan.Spec.Application.Name,
		"status.phase":          string(plan.Status.Phase),
	}
	return plan.Labels, generic.MergeFieldsSets(own, generic.ObjectMetaFieldsSet(&plan.ObjectMeta, true)), nil
}

func summary(created, updated, deleted int) string {
	return fmt.Sprintf("+%d ~%d -%d", created, updated, deleted)
}

func fraction(rule argov1alpha1.MissingApproval) string {
	return fmt.Sprintf("%s %d/%d", rule.Role, rule.Given, rule.Required)
}
