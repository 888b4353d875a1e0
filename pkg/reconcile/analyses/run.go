// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analyses

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	client "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
)

// Begin makes a run, or takes the one that its owner made before. One of its name that measures something else, or that
// is not the owner's, is an error.
func Begin(
	ctx context.Context, runs client.AnalysisRunsGetter, owner metav1.Object, run *v1alpha1.AnalysisRun,
) (*v1alpha1.AnalysisRun, error) {
	place(run, owner)
	written, err := runs.AnalysisRuns(run.Namespace).Create(ctx, run, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		written, err = runs.AnalysisRuns(run.Namespace).Get(ctx, run.Name, metav1.GetOptions{})
		if err == nil && (!metav1.IsControlledBy(written, owner) ||
			!equality.Semantic.DeepEqual(written.Spec, run.Spec)) {
			err = errors.New("one of somebody else has its name: delete it")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("begin AnalysisRun %s: %w", run.Name, err)
	}
	return written, nil
}

// place gives a run the cluster of its owner. What else gives it annotations must not choose one: the server's own writes
// are not asked for a right.
func place(run *v1alpha1.AnalysisRun, owner metav1.Object) {
	delete(run.Annotations, v1alpha1.AnnotationCluster)
	placed, isRollout := owner.(*v1alpha1.Rollout)
	if !isRollout || placed.Annotations[v1alpha1.AnnotationCluster] == "" {
		return
	}
	if run.Annotations == nil {
		run.Annotations = map[string]string{}
	}
	run.Annotations[v1alpha1.AnnotationCluster] = placed.Annotations[v1alpha1.AnnotationCluster]
}

// End asks a run to come to its end.
func End(
	ctx context.Context, runs client.AnalysisRunsGetter, run *v1alpha1.AnalysisRun,
) (*v1alpha1.AnalysisRun, error) {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": run.UID}, "spec": map[string]any{"terminate": true},
	})
	if err != nil {
		return nil, err
	}
	written, err := runs.AnalysisRuns(run.Namespace).
		Patch(ctx, run.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if err != nil {
		return nil, fmt.Errorf("end AnalysisRun %s: %w", run.Name, err)
	}
	return written, nil
}
