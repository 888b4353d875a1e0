// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/apply"
	"github.com/capstan-dev/capstan/pkg/live"
	"github.com/capstan-dev/capstan/pkg/plan"
)

// cascade deletes the last step of what is left, and is done when nothing is.
func (r *Reconciler) cascade(ctx context.Context, d *departure) (done bool, err error) {
	if err := r.survey(ctx, d, &desired{}); err != nil {
		return false, err
	}
	keep := optionsOf(d.app).Keep
	objects := slices.DeleteFunc(d.objects, func(o live.Object) bool { return spared(o, keep) })
	if len(objects) == 0 {
		return true, nil
	}
	if open := unconfirmed(d.app, objects, keep); open != "" {
		return false, fmt.Errorf("%s waits for a person to confirm its deletion: set the annotation %s to the time of now, "+
			"in RFC 3339", open, v1alpha1.AnnotationKeyDeletionApproved)
	}
	steps := plan.Cascade(objects)
	if len(steps) == 0 || goesBefore(objects, steps[0].Wave) {
		return false, nil
	}
	changes := make([]apply.Change, 0, len(steps[0].Changes))
	for _, change := range steps[0].Changes {
		changes = append(changes, removal(change, propagation(d.app)))
	}
	for _, result := range r.apply(ctx, &d.pass, changes, apply.Options{}) {
		if result.Err != nil {
			return false, fmt.Errorf("delete %s: %w", result.Key, result.Err)
		}
	}
	return false, nil
}

// goesBefore reports that an object of a higher wave is on its way still.
func goesBefore(objects []live.Object, wave int) bool {
	return slices.ContainsFunc(objects, func(o live.Object) bool { return o.Deleting && o.Wave > wave })
}

// unconfirmed names an object whose deletion a person has to approve, and did not.
func unconfirmed(app *v1alpha1.Application, objects []live.Object, options live.Keep) string {
	if confirmed(app, app.DeletionTimestamp.Time) {
		return ""
	}
	for _, object := range objects {
		if object.Keep.Or(options)&live.ConfirmDelete != 0 && !object.Deleting {
			return object.Kind + " " + object.Name
		}
	}
	return ""
}

// spared are the objects that outlive this stage: those that say so, hooks of the deletion,
// and definitions, with which every object of their kind would go (as Argo CD 3.6:
// controller/appcontroller.go shouldBeDeleted).
func spared(object live.Object, options live.Keep) bool {
	parts := object.Held && object.Hook&(live.PreDelete|live.PostDelete) != 0
	return parts || object.Keep.Or(options)&live.KeepOnDelete != 0 || object.Kind == "CustomResourceDefinition"
}

func propagation(app *v1alpha1.Application) metav1.DeletionPropagation {
	if slices.Contains(app.Finalizers, v1alpha1.BackgroundPropagationPolicyFinalizer) {
		return metav1.DeletePropagationBackground
	}
	return metav1.DeletePropagationForeground
}
