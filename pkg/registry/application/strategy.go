// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/gate"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// strategy decides what the main resource may change: everything but the status. An
// operation that a client sets is stamped with the user who did, and a running operation
// may be asked to terminate, because the peer's clients do both by PUT
// (as Argo CD 3.6: util/argo/argo.go SetAppOperation, server/application TerminateOperation).
type strategy struct {
	registry.Strategy
	equality registry.Equality
}

var _ rest.RESTGracefulDeleteStrategy = strategy{}

func newStrategy(scheme *runtime.Scheme) strategy {
	return strategy{Strategy: registry.NewStrategy(scheme), equality: registry.NewEquality()}
}

// GetResetFields names the status, which server-side apply does not own here.
func (strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return registry.ResetFields(v1alpha1.SchemeGroupVersion, fieldpath.MakePathOrDie("status"))
}

// PrepareForCreate drops the status and begins at generation 1.
func (strategy) PrepareForCreate(ctx context.Context, object runtime.Object) {
	app := registry.As[*v1alpha1.Application](object)
	app.Status = v1alpha1.ApplicationStatus{Editors: registry.Writer(ctx, app.Status.Editors, nil)}
	app.Generation = 1
	stamp(ctx, app.Operation)
}

// PrepareForUpdate keeps the status and moves the generation with the spec.
func (s strategy) PrepareForUpdate(ctx context.Context, updated, current runtime.Object) {
	app, old := registry.As[*v1alpha1.Application](updated), registry.As[*v1alpha1.Application](current)
	asked, behalf := terminates(app), app.Status.Editors
	app.Status = old.Status
	app.Status.Editors = registry.Vouched(ctx, behalf, old.Status.Editors)
	if asked {
		terminate(app)
	}
	if begins(app, old) {
		stamp(ctx, app.Operation)
		app.Status.OperationState = nil
	}
	app.Generation = old.Generation
	if registry.KeepSpec(s.equality, &app.Spec, &old.Spec) {
		return
	}
	app.Generation = old.Generation + 1
	if gate.SpecDigest(app.Spec) != gate.SpecDigest(old.Spec) {
		// What a Plan carries out is another than before.
		app.Status.Editors = registry.Edited(old.Status.Editors, registry.Writer(ctx, behalf, old.Status.Editors))
	}
}

// CheckGracefulDelete notes who deletes an Application, as they ask for what goes with it. Nothing is graceful about
// it.
func (strategy) CheckGracefulDelete(ctx context.Context, object runtime.Object, _ *metav1.DeleteOptions) bool {
	if app := registry.As[*v1alpha1.Application](object); app != nil && app.DeletionTimestamp == nil {
		app.Status.Editors = registry.Deleted(ctx, app.Status.Editors)
	}
	return false
}

// Validate requires a name: types are checked when the object is read, and semantic faults become conditions.
func (strategy) Validate(_ context.Context, object runtime.Object) field.ErrorList {
	return registry.ValidateName(registry.As[*v1alpha1.Application](object))
}

// ValidateUpdate refuses to replace an operation in progress.
func (strategy) ValidateUpdate(_ context.Context, updated, current runtime.Object) field.ErrorList {
	app, old := registry.As[*v1alpha1.Application](updated), registry.As[*v1alpha1.Application](current)
	problems := registry.ValidateName(app)
	if old.Operation != nil && begins(app, old) {
		problems = append(problems, field.Forbidden(field.NewPath("operation"), inProgress))
	}
	return problems
}

// begins reports whether a write sets an operation that was not there.
func begins(app, old *v1alpha1.Application) bool {
	return app.Operation != nil && !equality.Semantic.DeepEqual(app.Operation, old.Operation)
}

// statusStrategy decides what /status may change: the status. An operation that the status
// reports as finished is taken off by the same write.
type statusStrategy struct{ strategy }

// GetResetFields names what the status surface ignores.
func (statusStrategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	fields := registry.StatusResetFields(v1alpha1.SchemeGroupVersion)
	for _, set := range fields {
		set.Insert(fieldpath.MakePathOrDie("operation"))
	}
	return fields
}

// PrepareForUpdate keeps everything but the status.
func (statusStrategy) PrepareForUpdate(ctx context.Context, updated, current runtime.Object) {
	app, old := registry.As[*v1alpha1.Application](updated), registry.As[*v1alpha1.Application](current)
	registry.KeepMetadata(app, old)
	if !registry.IsOwn(ctx) {
		// What was deployed through the gate is what may be deployed again: nobody else says so.
		app.Status.Gate = old.Status.Gate
	}
	app.Generation, app.Spec, app.Operation = old.Generation, old.Spec, old.Operation
	app.Status.Editors = old.Status.Editors
	if finished(app) {
		app.Operation = nil
	} else if terminates(old) {
		terminate(app)
	}
}

// ValidateUpdate accepts any status: only those who may write it reach it.
func (statusStrategy) ValidateUpdate(context.Context, runtime.Object, runtime.Object) field.ErrorList {
	return nil
}

// operationStrategy decides what the subresources of an operation may change: the
// operation, the part of the status that belongs to it, and the request to refresh.
type operationStrategy struct{ strategy }

// PrepareForUpdate keeps the rest.
func (operationStrategy) PrepareForUpdate(_ context.Context, updated, current runtime.Object) {
	app, old := registry.As[*v1alpha1.Application](updated), registry.As[*v1alpha1.Application](current)
	state := app.Status.OperationState
	app.Generation, app.Spec, app.Status = old.Generation, old.Spec, old.Status
	app.Status.OperationState = state
}

// ValidateUpdate accepts what the subresources made: they checked it.
func (operationStrategy) ValidateUpdate(context.Context, runtime.Object, runtime.Object) field.ErrorList {
	return nil
}
