// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Awaited says what of an object is the server's own because somebody goes on by what it found: a Rollout by its
// AnalysisRuns and Experiments, an Experiment by its AnalysisRuns. Who may write objects that stand for themselves
// could else let any update through. To end one stays a client's right, which Ending guards.
type Awaited struct {
	// By are the kinds that go on by what the object found.
	By []string
}

// waiter is what goes on by an object. It is found by its kind and name, and told from others by its UID.
type waiter struct {
	kind, name string
	uid        types.UID
}

// of returns what goes on by an object, the zero value where nothing does.
func (a Awaited) of(object metav1.Object) waiter {
	owner := metav1.GetControllerOfNoCopy(object)
	if owner == nil || owner.APIVersion != v1alpha1.SchemeGroupVersion.String() || !slices.Contains(a.By, owner.Kind) {
		return waiter{}
	}
	return waiter{owner.Kind, owner.Name, owner.UID}
}

// Keeps says that the status stays as it is, whatever a client writes.
func (a Awaited) Keeps(ctx context.Context, updated, current metav1.Object) bool {
	return !IsOwn(ctx) && (a.of(updated) != waiter{} || a.of(current) != waiter{})
}

// Forbid refuses what a client may not change: whose the object is, and of its specification all but terminate. The
// specifications are the same but for that where same is true.
func (a Awaited) Forbid(ctx context.Context, updated, current metav1.Object, same bool) field.ErrorList {
	if IsOwn(ctx) {
		return nil
	}
	if of := a.of(updated); of != (waiter{}) && of != a.of(current) {
		return field.ErrorList{field.Forbidden(field.NewPath("metadata", "ownerReferences"),
			"the server alone makes it what a Rollout or an Experiment goes on by")}
	}
	if a.of(current) != (waiter{}) && !same {
		return field.ErrorList{field.Forbidden(field.NewPath("spec"),
			"a Rollout or an Experiment goes on by it: spec.terminate alone can be changed")}
	}
	return nil
}
