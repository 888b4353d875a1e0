// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const inProgress = "another operation is in progress: wait for it to finish, or create applications/terminate"

// stamp writes into an operation who asked for it, whatever the client said.
func stamp(ctx context.Context, operation *v1alpha1.Operation) {
	if operation == nil {
		return
	}
	operation.InitiatedBy = v1alpha1.OperationInitiator{}
	operation.Info = slices.DeleteFunc(operation.Info, func(info v1alpha1.Info) bool {
		return info.Name == v1alpha1.InfoRequesterUID || info.Name == v1alpha1.InfoRequesterGroups ||
			info.Name == v1alpha1.InfoRollback || info.Name == v1alpha1.InfoPlan
	})
	user, known := genericapirequest.UserFrom(ctx)
	if !known {
		return
	}
	operation.InitiatedBy.Username = user.GetName()
	if uid := user.GetUID(); uid != "" {
		operation.Info = append(operation.Info, v1alpha1.Info{Name: v1alpha1.InfoRequesterUID, Value: uid})
	}
	if groups := user.GetGroups(); len(groups) > 0 {
		operation.Info = append(operation.Info,
			v1alpha1.Info{Name: v1alpha1.InfoRequesterGroups, Value: strings.Join(groups, ",")})
	}
}

// terminates reports whether an Application asks for its operation to be ended.
func terminates(app *v1alpha1.Application) bool {
	state := app.Status.OperationState
	return state != nil && state.Phase == v1alpha1.OperationTerminating
}

// runs reports that a sync is in progress: a failed attempt that is followed by another has
// an end, and runs still.
func runs(state *v1alpha1.OperationState) bool {
	return state != nil && (state.Phase == v1alpha1.OperationRunning || state.Phase == v1alpha1.OperationTerminating)
}

// terminate asks for the sync in progress to be ended, also for one that automation began;
// without one it does nothing.
func terminate(app *v1alpha1.Application) {
	state := app.Status.OperationState.DeepCopy()
	if !runs(state) {
		if app.Operation == nil {
			return
		}
		state = &v1alpha1.OperationState{Operation: *app.Operation, StartedAt: metav1.Now().Rfc3339Copy()}
	}
	state.Phase = v1alpha1.OperationTerminating
	app.Status.OperationState = state
}

// finished reports whether the status says that the operation of the object has ended. It
// has to be that very operation: an automated sync that ends takes no request away.
func finished(app *v1alpha1.Application) bool {
	state := app.Status.OperationState
	return app.Operation != nil && state != nil && state.FinishedAt != nil && !runs(state) &&
		sameRequest(&state.Operation, app.Operation)
}

// sameRequest compares two operations but for what the reconciler writes into one.
func sameRequest(reported, asked *v1alpha1.Operation) bool {
	a, b := reported.DeepCopy(), asked.DeepCopy()
	for _, operation := range []*v1alpha1.Operation{a, b} {
		operation.Info = slices.DeleteFunc(operation.Info, func(info v1alpha1.Info) bool {
			return info.Name == v1alpha1.InfoPlan
		})
		for i := range operation.Info {
			if operation.Info[i].Name == v1alpha1.InfoRollback {
				operation.Info[i].Value = ""
			}
		}
	}
	return equality.Semantic.DeepEqual(a, b)
}

// operations writes the part of an Application that belongs to its operation.
type operations struct {
	store *genericregistry.Store
	gate  Gate
}

// change lets set change the operation of an Application, and returns what came of it.
func (o operations) change(
	ctx context.Context, name string, dryRun []string, set func(*v1alpha1.Application) error,
) (runtime.Object, error) {
	info := rest.DefaultUpdatedObjectInfo(nil, func(_ context.Context, _, current runtime.Object) (runtime.Object, error) {
		app, isApplication := current.DeepCopyObject().(*v1alpha1.Application)
		if !isApplication {
			return nil, apierrors.NewInternalError(errors.New("the store of applications holds something else"))
		}
		return app, set(app)
	})
	changed, _, err := o.store.Update(ctx, name, info, rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc,
		false, &metav1.UpdateOptions{DryRun: dryRun})
	return changed, err
}

// begin sets an operation on an Application that has none, where the gate lets it. plan is the digest of the Plan that
// is meant, "" for the newest.
func (o operations) begin(
	ctx context.Context, name, plan string, dryRun []string,
	make func(*v1alpha1.Application) (*v1alpha1.Operation, error),
) (runtime.Object, error) {
	return o.change(ctx, name, dryRun, func(app *v1alpha1.Application) error {
		if app.Operation != nil {
			return apierrors.NewConflict(v1alpha1.Resource("applications"), name, errors.New(inProgress))
		}
		if app.DeletionTimestamp != nil {
			return apierrors.NewConflict(v1alpha1.Resource("applications"), name, errors.New("it is being deleted"))
		}
		operation, err := make(app)
		if err != nil {
			return err
		}
		if err := o.gate.Operation(ctx, app, operation, plan); err != nil {
			return err
		}
		app.Operation, app.Status.OperationState = operation, nil
		return nil
	})
}
