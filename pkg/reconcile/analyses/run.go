// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analyses

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	client "github.com/capstan-dev/capstan/pkg/generated/clientset/versioned/typed/argoproj/v1alpha1"
)

// Begin makes a run, or takes the one that its owner made before, whatever that measures: its arguments and templates
// may have changed since, and only the server makes runs of an owner. One that is not the owner's is an error.
func Begin(
	ctx context.Context, runs client.AnalysisRunsGetter, owner metav1.Object, run *v1alpha1.AnalysisRun,
) (*v1alpha1.AnalysisRun, error) {
	place(run, owner)
	written, err := runs.AnalysisRuns(run.Namespace).Create(ctx, run, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		written, err = runs.AnalysisRuns(run.Namespace).Get(ctx, run.Name, metav1.GetOptions{})
		if err == nil {
			err = MayTake(written, run, owner)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("begin AnalysisRun %s: %w", run.Name, err)
	}
	return written, nil
}

// MayTake says why what was found by a name is not what its owner would make by it. One that was asked for something
// else is of an earlier version of the owner: once the caches show it, another name is taken.
func MayTake(found, wanted, owner metav1.Object) error {
	switch {
	case !metav1.IsControlledBy(found, owner):
		return errors.New("one of somebody else has its name: delete it")
	case found.GetAnnotations()[v1alpha1.AnnotationAsked] != wanted.GetAnnotations()[v1alpha1.AnnotationAsked]:
		return errors.New("one that was begun before an edit has its name; the next one gets another")
	default:
		return nil
	}
}

// place gives a run the cluster of its owner. What else gives it annotations must not choose one: the server's own
// writes are not asked for a right.
func place(run *v1alpha1.AnalysisRun, owner metav1.Object) {
	delete(run.Annotations, v1alpha1.AnnotationCluster)
	cluster := owner.GetAnnotations()[v1alpha1.AnnotationCluster]
	if cluster == "" {
		return
	}
	if run.Annotations == nil {
		run.Annotations = map[string]string{}
	}
	run.Annotations[v1alpha1.AnnotationCluster] = cluster
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
