// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package promotion

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/audit"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
)

// auditKey is the audit annotation that holds what the gate decided.
const auditKey = "gate.capstan.dev/decision"

// answer turns a verdict into what the client hears, and has the audit log tell of it.
func (d *Desk) answer(ctx context.Context, app *v1alpha1.Application, resource string, verdict gate.Verdict) error {
	return d.Answer(ctx, v1alpha1.Resource(resource), app.Name, verdict)
}

// Tell counts a verdict on an object of any kind, but that of a dry run, and has the audit log tell of it.
func (d *Desk) Tell(ctx context.Context, on schema.GroupResource, verdict gate.Verdict) {
	audit.AddAuditAnnotation(ctx, auditKey, string(verdict.Decision)+" "+string(verdict.Reason))
	if !rehearsal(ctx) {
		d.Metrics.decided(on.Resource, verdict)
	}
}

// Answer turns a verdict on an object of any kind into what the client hears, and tells of it.
func (d *Desk) Answer(ctx context.Context, on schema.GroupResource, name string, verdict gate.Verdict) error {
	d.Tell(ctx, on, verdict)
	if verdict.Decision == gate.Allow {
		return nil
	}
	problem := errors.New(verdict.Message)
	answer := apierrors.NewForbidden(on, name, problem)
	if verdict.Reason == gate.ReasonStalePlan {
		answer = apierrors.NewConflict(on, name, problem)
	}
	answer.ErrStatus.Details.Causes = []metav1.StatusCause{
		{Type: metav1.CauseType(verdict.Reason), Message: verdict.Message},
	}
	return answer
}
