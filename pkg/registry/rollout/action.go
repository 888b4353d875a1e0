// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"errors"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// action is something that people do to a Rollout.
type action struct {
	// empty is a new body.
	empty func() runtime.Object
	// set does what the body asks for; it fails where that is not possible now.
	set func(ctx context.Context, rollout *v1alpha1.Rollout, request runtime.Object) error
}

// actions are the subresources that are created, by their names.
func actions(revisions Revisions) map[string]action {
	return map[string]action{
		"promote": {func() runtime.Object { return &v1alpha1.RolloutPromote{} }, promote},
		"abort":   {func() runtime.Object { return &v1alpha1.RolloutAbort{} }, abort},
		"retry":   {func() runtime.Object { return &v1alpha1.RolloutRetry{} }, retry},
		"undo":    {func() runtime.Object { return &v1alpha1.RolloutUndo{} }, undo(revisions)},
		"pause":   {func() runtime.Object { return &v1alpha1.RolloutManualPause{} }, pause},
		"restart": {func() runtime.Object { return &v1alpha1.RolloutRestart{} }, restart},
	}
}

// ActionREST does one action: create rollouts/promote, abort, retry, undo, pause or restart.
type ActionREST struct {
	store  *genericregistry.Store
	people people
	name   string
	action action
}

var (
	_ rest.NamedCreater    = &ActionREST{}
	_ rest.StorageMetadata = &ActionREST{}
)

// New returns an empty request.
func (r *ActionREST) New() runtime.Object { return r.action.empty() }

// Destroy does nothing: the store belongs to the main resource.
func (*ActionREST) Destroy() {}

// ProducesMIMETypes adds none.
func (*ActionREST) ProducesMIMETypes(string) []string { return nil }

// ProducesObject is the Rollout as the action left it.
func (*ActionREST) ProducesObject(string) any { return v1alpha1.Rollout{} }

// Create writes what the action asks for; the controller does the work.
func (r *ActionREST) Create(
	ctx context.Context, name string, request runtime.Object, admit rest.ValidateObjectFunc,
	options *metav1.CreateOptions,
) (runtime.Object, error) {
	if err := admit(ctx, request.DeepCopyObject()); err != nil {
		return nil, err
	}
	info := rest.DefaultUpdatedObjectInfo(nil, func(
		ctx context.Context, _, current runtime.Object,
	) (runtime.Object, error) {
		before := registry.As[*v1alpha1.Rollout](current)
		rollout := before.DeepCopy()
		if rollout.DeletionTimestamp != nil {
			return nil, conflict(rollout, "it is being deleted")
		}
		if err := r.action.set(ctx, rollout, request); err != nil {
			return nil, err
		}
		return rollout, r.people.guard(ctx, before, rollout)
	})
	changed, _, err := r.store.Update(ctx, name, info, rest.ValidateAllObjectFunc, rest.ValidateAllObjectUpdateFunc,
		false, &metav1.UpdateOptions{DryRun: options.DryRun})
	if err != nil {
		return nil, err
	}
	if len(options.DryRun) == 0 {
		r.people.tell(ctx, registry.As[*v1alpha1.Rollout](changed), []string{r.name})
	}
	return changed, nil
}

// actionStrategy decides what an action changes: the specification and the status, as the action made them.
type actionStrategy struct{ strategy }

// PrepareForUpdate keeps the metadata but for the record of an undo, and moves the generation if the specification
// changes.
func (s actionStrategy) PrepareForUpdate(_ context.Context, obj, old runtime.Object) {
	updated, current := registry.As[*v1alpha1.Rollout](obj), registry.As[*v1alpha1.Rollout](old)
	undone := updated.Annotations[v1alpha1.AnnotationUndone]
	registry.KeepMetadata(updated, current)
	setUndone(updated, undone)
	if !registry.KeepSpec(s.equality, &updated.Spec, &current.Spec) {
		updated.Generation = current.Generation + 1
	}
}

// conflict says why an action cannot be done now.
func conflict(rollout *v1alpha1.Rollout, why string) error {
	return apierrors.NewConflict(v1alpha1.Resource("rollouts"), rollout.Name, errors.New(why))
}

// seen fails where the controller has not looked at the specification yet: it would start over, and forget the action.
func seen(rollout *v1alpha1.Rollout) error {
	if rollout.Status.ObservedGeneration != strconv.FormatInt(rollout.Generation, 10) {
		return conflict(rollout, "the controller has not seen the newest specification yet: try again")
	}
	return nil
}

// promoted says that nothing is left to update.
func promoted(rollout *v1alpha1.Rollout) bool {
	return rollout.Status.CurrentPodHash == rollout.Status.StableRS
}
