// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotionpolicy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// holdFinalizer keeps a deleted policy in force until its deletion is approved.
const holdFinalizer = "capstan.dev/in-force"

// strategy decides what the main resource may change: the spec, which is in force at once where it is no weaker.
type strategy struct {
	registry.Strategy
	equality registry.Equality
}

// NamespaceScoped is false: a policy gates Applications of all namespaces.
func (strategy) NamespaceScoped() bool { return false }

// GetResetFields names the status, which the main resource ignores.
func (strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.ResetFields(v1alpha1.SchemeGroupVersion, fieldpath.MakePathOrDie("status"))
}

// PrepareForCreate puts a policy in force at once.
func (strategy) PrepareForCreate(ctx context.Context, object runtime.Object) {
	policy := registry.As[*v1alpha1.PromotionPolicy](object)
	policy.Generation = 1
	policy.Status = v1alpha1.PromotionPolicyStatus{}
	// Until it is in force it gates nothing: what it chooses may be gated by the built-in policy, and more strictly.
	policy.Status.Effective = &v1alpha1.PromotionPolicySpec{}
	sign(ctx, policy)
	settle(policy)
	hold(policy)
}

// PrepareForUpdate keeps the status but for what the new spec means for it.
func (s strategy) PrepareForUpdate(ctx context.Context, updated, current runtime.Object) {
	policy, old := registry.As[*v1alpha1.PromotionPolicy](updated), registry.As[*v1alpha1.PromotionPolicy](current)
	policy.Status, policy.Generation = *old.Status.DeepCopy(), old.Generation
	defer hold(policy)
	if registry.KeepSpec(s.equality, &policy.Spec, &old.Spec) {
		return
	}
	policy.Generation = old.Generation + 1
	sign(ctx, policy)
	settle(policy)
}

// settle puts a spec in force that is no weaker than the one that is; a weaker one waits.
func settle(policy *v1alpha1.PromotionPolicy) {
	policy.Status.Waiting = gate.Waiting(policy)
	if policy.Status.Waiting == nil {
		enforce(policy)
	}
}

// enforce puts the spec in force.
func enforce(policy *v1alpha1.PromotionPolicy) {
	policy.Status.Effective, policy.Status.Waiting = policy.Spec.DeepCopy(), nil
}

// sign notes who changes the spec.
func sign(ctx context.Context, policy *v1alpha1.PromotionPolicy) {
	now := metav1.Now()
	policy.Status.Editor, policy.Status.EditedAt = "", &now
	if user, known := genericapirequest.UserFrom(ctx); known {
		policy.Status.Editor = user.GetName()
	}
}

// hold keeps the finalizer on a policy that gates something, whatever the client says of it.
func hold(policy *v1alpha1.PromotionPolicy) {
	policy.Finalizers = slices.DeleteFunc(policy.Finalizers, func(name string) bool { return name == holdFinalizer })
	if len(gate.Effective(policy).Selectors) > 0 {
		policy.Finalizers = append(policy.Finalizers, holdFinalizer)
	}
}

// Validate names what cannot be obeyed.
func (strategy) Validate(_ context.Context, object runtime.Object) field.ErrorList {
	policy := registry.As[*v1alpha1.PromotionPolicy](object)
	return append(registry.ValidateName(policy), validate(&policy.Spec)...)
}

// ValidateUpdate names what cannot be obeyed.
func (strategy) ValidateUpdate(_ context.Context, updated, _ runtime.Object) field.ErrorList {
	return validate(&registry.As[*v1alpha1.PromotionPolicy](updated).Spec)
}

// WarningsOnCreate tells of a policy that gates nothing, or nothing yet.
func (strategy) WarningsOnCreate(_ context.Context, object runtime.Object) []string {
	policy := registry.As[*v1alpha1.PromotionPolicy](object)
	if len(policy.Spec.Selectors) == 0 {
		return []string{"spec.selectors is empty: the policy gates nothing"}
	}
	return waits(policy)
}

// WarningsOnUpdate tells of a change that waits.
func (strategy) WarningsOnUpdate(_ context.Context, updated, _ runtime.Object) []string {
	return waits(registry.As[*v1alpha1.PromotionPolicy](updated))
}

func waits(policy *v1alpha1.PromotionPolicy) []string {
	change := policy.Status.Waiting
	if change == nil {
		return nil
	}
	return []string{fmt.Sprintf("this weakens the policy (%s) and waits: the spec before stays in force until people who "+
		"could approve what it would let through create promotionpolicies/approve with the digest %s",
		strings.Join(change.Weakens, "; "), change.Digest)}
}

// statusStrategy decides what /status may change: the status, by the server.
type statusStrategy struct{ strategy }

// GetResetFields names what the status surface ignores.
func (statusStrategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.StatusResetFields(v1alpha1.SchemeGroupVersion)
}

// PrepareForUpdate keeps the rest.
func (statusStrategy) PrepareForUpdate(_ context.Context, updated, current runtime.Object) {
	policy, old := registry.As[*v1alpha1.PromotionPolicy](updated), registry.As[*v1alpha1.PromotionPolicy](current)
	registry.KeepMetadata(policy, old)
	policy.Generation, policy.Spec = old.Generation, old.Spec
}

// ValidateUpdate lets nobody write the status: what is in force follows from the spec and from approvals.
func (s statusStrategy) ValidateUpdate(ctx context.Context, updated, current runtime.Object) field.ErrorList {
	policy, old := registry.As[*v1alpha1.PromotionPolicy](updated), registry.As[*v1alpha1.PromotionPolicy](current)
	if s.equality.Same(policy.Status, old.Status) {
		return nil
	}
	return registry.OnlyOwn(ctx, "to let a waiting change through, create promotionpolicies/approve")
}
