// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Surplus returns the ReplicaSets without pods beyond those that the spec keeps as history, given the oldest first.
func Surplus(rollout *v1alpha1.Rollout, sets []*appsv1.ReplicaSet) []*appsv1.ReplicaSet {
	var idle []*appsv1.ReplicaSet
	old := 0
	for _, set := range sets {
		hash := HashOf(set)
		if hash == rollout.Status.StableRS || hash == rollout.Status.CurrentPodHash {
			continue
		}
		old++
		if or(set.Spec.Replicas, 1) == 0 && set.Status.Replicas == 0 && set.Status.ObservedGeneration >= set.Generation {
			idle = append(idle, set)
		}
	}
	return idle[:min(len(idle), max(0, old-HistoryLimit(rollout)))]
}

// SurplusRuns returns the finished AnalysisRuns beyond those that the spec keeps, and those of revisions that are gone.
func SurplusRuns(
	rollout *v1alpha1.Rollout, sets []*appsv1.ReplicaSet, runs map[string]*v1alpha1.AnalysisRun,
) []*v1alpha1.AnalysisRun {
	p := &pass{Facts: Facts{Rollout: rollout, Sets: sets}, Decision: Decision{Status: rollout.Status}}
	var successful, others, surplus []*v1alpha1.AnalysisRun
	for _, name := range slices.Sorted(maps.Keys(runs)) {
		run := runs[name]
		switch {
		case !completed(run.Status.Phase) || p.awaited(name):
		case p.find(run.Labels[v1alpha1.LabelPodTemplateHash]) == nil:
			surplus = append(surplus, run)
		case run.Status.Phase == v1alpha1.AnalysisPhaseSuccessful:
			successful = append(successful, run)
		default:
			others = append(others, run)
		}
	}
	keepSuccessful, keepOthers := RunLimits(rollout)
	return append(surplus, append(oldest(successful, keepSuccessful), oldest(others, keepOthers)...)...)
}

// oldest returns all runs but the youngest ones, of which so many stay.
func oldest(runs []*v1alpha1.AnalysisRun, keep int) []*v1alpha1.AnalysisRun {
	slices.SortStableFunc(runs, func(a, b *v1alpha1.AnalysisRun) int {
		return cmp.Compare(a.CreationTimestamp.Unix(), b.CreationTimestamp.Unix())
	})
	return runs[:max(0, len(runs)-keep)]
}
