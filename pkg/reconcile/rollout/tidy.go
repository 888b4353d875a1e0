// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/rollout"
)

// tidy deletes ReplicaSets, AnalysisRuns and Experiments beyond those that the spec keeps: by UID, and ReplicaSets by
// version too, for one that got pods meanwhile is no history.
func (p *pass) tidy(ctx context.Context, object *v1alpha1.Rollout) error {
	sets, err := p.setsOf(object)
	if err != nil {
		return err
	}
	if rollout.ReplacesInPlace(object) && sets == nil {
		// Without its revisions nothing tells which AnalysisRuns are of one that is gone.
		return nil
	}
	if !rollout.ReplacesInPlace(object) {
		if err = p.deleteSets(ctx, rollout.Surplus(object, sets)); err != nil {
			return err
		}
	}
	runs, err := p.fresh.runsOf(object)
	if err != nil {
		return err
	}
	for _, run := range rollout.SurplusRuns(object, sets, runs) {
		err = p.Client.ArgoprojV1alpha1().AnalysisRuns(run.Namespace).Delete(ctx, run.Name, metav1.DeleteOptions{
			Preconditions: metav1.NewUIDPreconditions(string(run.UID)),
		})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("delete AnalysisRun %s: %w", run.Name, err)
		}
		p.fresh.runs.OnDelete(run)
	}
	return p.tidyExperiments(ctx, object, sets)
}

func (p *pass) deleteSets(ctx context.Context, sets []*appsv1.ReplicaSet) error {
	for _, set := range sets {
		if err := p.deleteSet(ctx, set); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) deleteSet(ctx context.Context, set *appsv1.ReplicaSet) error {
	err := p.site.client.AppsV1().ReplicaSets(set.Namespace).Delete(ctx, set.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &set.UID, ResourceVersion: &set.ResourceVersion},
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("delete ReplicaSet %s: %w", set.Name, err)
	}
	return nil
}
