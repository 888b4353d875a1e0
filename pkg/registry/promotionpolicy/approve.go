// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotionpolicy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/capstan/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// ApproveREST lets a change through that weakens a policy: create promotionpolicies/approve.
type ApproveREST struct {
	store *genericregistry.Store
	gate  Gate
}

var _ rest.NamedCreater = &ApproveREST{}

func newApproveREST(main *registry.REST, strategy registry.SurfaceStrategy, gate Gate) *ApproveREST {
	store := *main.Store
	store.UpdateStrategy, store.ResetFieldsStrategy = strategy, strategy
	return &ApproveREST{&store, gate}
}

// New returns an empty request.
func (*ApproveREST) New() runtime.Object { return &v1alpha1.PolicyApproval{} }

// Destroy does nothing: the store belongs to the main resource.
func (*ApproveREST) Destroy() {}

// Create records who approved the change that waits. With the last approval that it needs, the change is in force.
func (r *ApproveREST) Create(
	ctx context.Context, name string, object runtime.Object, admit rest.ValidateObjectFunc, options *metav1.CreateOptions,
) (runtime.Object, error) {
	request := registry.As[*v1alpha1.PolicyApproval](object)
	if err := admit(ctx, object.DeepCopyObject()); err != nil {
		return nil, err
	}
	user, known := genericapirequest.UserFrom(ctx)
	if !known {
		return nil, apierrors.NewUnauthorized("say who approves")
	}
	answer := request.DeepCopy()
	approving := v1alpha1.Resource("promotionpolicies/approve")
	var verdict gate.Verdict
	info := rest.DefaultUpdatedObjectInfo(nil, func(
		ctx context.Context, _, current runtime.Object,
	) (runtime.Object, error) {
		policy, isPolicy := current.DeepCopyObject().(*v1alpha1.PromotionPolicy)
		if !isPolicy {
			return nil, apierrors.NewInternalError(errors.New("the store of policies holds something else"))
		}
		answer.Missing, verdict = gate.ApprovePolicy(policy, v1alpha1.Approver{
			Username: user.GetName(), UID: user.GetUID(), Groups: user.GetGroups(), Extra: user.GetExtra(),
		}, request.Digest,
			func(who v1alpha1.Approver, role string) (bool, error) { return r.gate.Holds(ctx, who, role) })
		if !verdict.Allowed() {
			return nil, r.gate.Answer(ctx, approving, name, verdict)
		}
		return policy, nil
	})
	_, _, err := r.store.Update(ctx, name, info, rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc, false,
		&metav1.UpdateOptions{DryRun: options.DryRun})
	if err != nil {
		return nil, err
	}
	return answer, r.gate.Answer(ctx, approving, name, verdict)
}

func approvals(policy *v1alpha1.PromotionPolicy) any {
	rules := gate.Effective(policy).Approvals
	shown := make([]string, 0, len(rules))
	for _, rule := range rules {
		shown = append(shown, fmt.Sprintf("%d %s", max(1, rule.Required), rule.Role))
	}
	if len(shown) == 0 {
		return "1 " + gate.DefaultRole
	}
	return strings.Join(shown, ", ")
}

// approveStrategy decides what an approval may change: the status, and the finalizer of a policy that goes.
type approveStrategy struct{ strategy }

// PrepareForUpdate keeps the rest.
func (approveStrategy) PrepareForUpdate(_ context.Context, updated, current runtime.Object) {
	policy, old := registry.As[*v1alpha1.PromotionPolicy](updated), registry.As[*v1alpha1.PromotionPolicy](current)
	policy.Generation, policy.Spec = old.Generation, old.Spec
	hold(policy)
	if policy.DeletionTimestamp != nil && policy.Status.Waiting == nil {
		policy.Finalizers = slices.DeleteFunc(policy.Finalizers, func(name string) bool { return name == holdFinalizer })
	}
}

// ValidateUpdate accepts what the gate made.
func (approveStrategy) ValidateUpdate(context.Context, runtime.Object, runtime.Object) field.ErrorList {
	return nil
}
