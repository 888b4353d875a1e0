// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package held keeps objects of ours from going before what they have in another cluster: no garbage collector there
// knows them.
//
// Input: an object. Output: the merge patch that holds it, or lets it go, if nothing else of it changed meanwhile.
package held

import (
	"context"
	"encoding/json"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Is reports whether an object is held.
func Is(object metav1.Object) bool {
	return slices.Contains(object.GetFinalizers(), v1alpha1.FinalizerCluster)
}

// Hold returns the patch that holds an object.
func Hold(object metav1.Object) ([]byte, error) {
	return patch(object, append(slices.Clone(object.GetFinalizers()), v1alpha1.FinalizerCluster))
}

// LetGo returns the patch that lets an object go.
func LetGo(object metav1.Object) ([]byte, error) {
	return patch(object, slices.DeleteFunc(slices.Clone(object.GetFinalizers()),
		func(name string) bool { return name == v1alpha1.FinalizerCluster }))
}

func patch(object metav1.Object, finalizers []string) ([]byte, error) {
	return json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": object.GetUID(), "resourceVersion": object.GetResourceVersion(), "finalizers": finalizers,
	}})
}

// Remove deletes an object of another cluster, if it is the same one still and not being deleted.
func Remove(
	ctx context.Context, object metav1.Object, by func(context.Context, string, metav1.DeleteOptions) error,
) error {
	if object.GetDeletionTimestamp() != nil {
		return nil
	}
	background := metav1.DeletePropagationBackground
	err := by(ctx, object.GetName(), metav1.DeleteOptions{
		Preconditions: metav1.NewUIDPreconditions(string(object.GetUID())), PropagationPolicy: &background,
	})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}
