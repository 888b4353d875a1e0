// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apiserver/pkg/audit"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

const (
	// auditKey is the audit annotation that holds what somebody asked of a Rollout.
	auditKey = "rollouts.capstan.dev/asked"
	// reasonAsked is the reason of the Event that names who asked.
	reasonAsked = "RolloutActionRequested"
)

// people decides what those who ask may do, and records that they asked.
type people struct {
	authorizer authorizer.UnconditionalAuthorizer
	gate       Gate
	recorder   Recorder
}

// permit returns the actions that a write of the status stands for, and fails where it says more than they, or where
// the client may not do one of them.
func (p people) permit(ctx context.Context, before, after *v1alpha1.Rollout) ([]string, error) {
	if registry.IsOwn(ctx) {
		return nil, nil
	}
	names, problem := asked(before, after)
	if problem != nil {
		return nil, apierrors.NewForbidden(v1alpha1.Resource("rollouts/status"), after.Name, errors.New(problem.Error()))
	}
	for _, name := range names {
		if err := p.may(ctx, after, name); err != nil {
			return nil, err
		}
	}
	return names, p.guard(ctx, before, after)
}

// may checks the right to create a subresource.
func (p people) may(ctx context.Context, rollout *v1alpha1.Rollout, subresource string) error {
	err := registry.Permit(ctx, p.authorizer, authorizer.AttributesRecord{
		Verb: "create", Namespace: rollout.Namespace, Name: rollout.Name,
		APIGroup: v1alpha1.SchemeGroupVersion.Group, APIVersion: v1alpha1.SchemeGroupVersion.Version,
		Resource: "rollouts", Subresource: subresource,
	}, fmt.Sprintf("this needs the right to create rollouts/%s in namespace %s", subresource, rollout.Namespace))
	if err != nil {
		return apierrors.NewForbidden(v1alpha1.Resource("rollouts/status"), rollout.Name, err)
	}
	return nil
}

// guard asks the gate about a change that overrides what a Rollout's author wrote.
func (p people) guard(ctx context.Context, before, after *v1alpha1.Rollout) error {
	if !overrides(before, after) {
		return nil
	}
	who, known := genericapirequest.UserFrom(ctx)
	if !known {
		return apierrors.NewUnauthorized("whoever overrides the steps of a Rollout has a name")
	}
	return p.gate.Override(ctx, after, who)
}

// tell records who asked for what, in the audit log and as an Event.
func (p people) tell(ctx context.Context, rollout *v1alpha1.Rollout, names []string) {
	who, known := genericapirequest.UserFrom(ctx)
	if len(names) == 0 || !known {
		return
	}
	what := strings.Join(names, ", ")
	if rollout.Status.PromoteFull && slices.Contains(names, "promote") {
		what += " in full"
	}
	audit.AddAuditAnnotation(ctx, auditKey, what)
	// An Event holds a thousand characters; a name may be longer.
	p.recorder.Eventf(rollout, nil, corev1.EventTypeNormal, reasonAsked, "Ask",
		"%.256s asked for: %s", who.GetName(), what)
}
