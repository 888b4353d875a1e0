// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	return surplus(p, runs, p.awaited, func(run *v1alpha1.AnalysisRun) v1alpha1.AnalysisPhase { return run.Status.Phase })
}

// SurplusExperiments returns the finished Experiments beyond those that the spec keeps, and those of revisions that are
// gone.
func SurplusExperiments(
	rollout *v1alpha1.Rollout, sets []*appsv1.ReplicaSet, experiments map[string]*v1alpha1.Experiment,
) []*v1alpha1.Experiment {
	p := &pass{Facts: Facts{Rollout: rollout, Sets: sets}, Decision: Decision{Status: rollout.Status}}
	return surplus(p, experiments, p.awaitsExperiment,
		func(experiment *v1alpha1.Experiment) v1alpha1.AnalysisPhase { return experiment.Status.Phase })
}

// surplus returns what is finished and awaited no more, beyond what the spec keeps of the revisions that there are.
func surplus[T metav1.Object](
	p *pass, all map[string]T, awaited func(string) bool, phaseOf func(T) v1alpha1.AnalysisPhase,
) []T {
	var successful, others, surplus []T
	for _, name := range slices.Sorted(maps.Keys(all)) {
		one := all[name]
		switch {
		case !completed(phaseOf(one)) || awaited(name):
		case p.find(one.GetLabels()[v1alpha1.LabelPodTemplateHash]) == nil:
			surplus = append(surplus, one)
		case phaseOf(one) == v1alpha1.AnalysisPhaseSuccessful:
			successful = append(successful, one)
		default:
			others = append(others, one)
		}
	}
	keepSuccessful, keepOthers := RunLimits(p.Rollout)
	return append(surplus, append(oldest(successful, keepSuccessful), oldest(others, keepOthers)...)...)
}

// oldest returns all but the youngest ones, of which so many stay.
func oldest[T metav1.Object](all []T, keep int) []T {
	slices.SortStableFunc(all, func(a, b T) int {
		return cmp.Compare(a.GetCreationTimestamp().Unix(), b.GetCreationTimestamp().Unix())
	})
	return all[:max(0, len(all)-keep)]
}
