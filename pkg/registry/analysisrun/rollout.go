// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package analysisrun

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/registry"
)

// A Rollout goes on by what its AnalysisRuns found. Of such a run the server alone writes the status and the metrics:
// who may write runs that stand for themselves could else let any update through. To end one stays a client's right.

// rolloutOf returns the UID of the Rollout that controls a run, "" where none does.
func rolloutOf(run *v1alpha1.AnalysisRun) types.UID {
	owner := metav1.GetControllerOfNoCopy(run)
	if owner == nil || owner.Kind != "Rollout" || owner.APIVersion != v1alpha1.SchemeGroupVersion.String() {
		return ""
	}
	return owner.UID
}

// keepFound keeps what the runs of Rollouts found, whatever a client writes.
func keepFound(ctx context.Context, updated, current *v1alpha1.AnalysisRun) {
	if !registry.IsOwn(ctx) && (rolloutOf(updated) != "" || rolloutOf(current) != "") {
		updated.Status = current.Status
	}
}

// onlyTerminate refuses what a client may not change of the run of a Rollout.
func (s strategy) onlyTerminate(ctx context.Context, updated, current *v1alpha1.AnalysisRun) field.ErrorList {
	if registry.IsOwn(ctx) {
		return nil
	}
	if of := rolloutOf(updated); of != "" && of != rolloutOf(current) {
		return field.ErrorList{field.Forbidden(field.NewPath("metadata", "ownerReferences"),
			"the server alone gives a Rollout an AnalysisRun")}
	}
	if rolloutOf(current) == "" {
		return nil
	}
	spec := *updated.Spec.DeepCopy()
	spec.Terminate = current.Spec.Terminate
	if !registry.KeepSpec(s.equality, &spec, &current.Spec) {
		return field.ErrorList{field.Forbidden(field.NewPath("spec"),
			"of the AnalysisRun of a Rollout, spec.terminate alone can be changed")}
	}
	return nil
}
