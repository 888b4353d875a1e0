// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// refuse ends an Experiment whose spec cannot be carried out.
func (p *pass) refuse(problem error) {
	message := fmt.Sprintf("The Experiment %q is invalid: %v", p.Experiment.Name, problem)
	p.set(v1alpha1.ExperimentInvalidSpec, corev1.ConditionTrue, "InvalidSpec", message)
	p.Status.Phase, p.Status.Message = v1alpha1.AnalysisPhaseError, message
	p.tell("InvalidSpec", true, "%s", message)
}

// conditions writes what is true of the Experiment now, in the words of the peer (Argo Rollouts 1.9:
// utils/conditions/experiments.go).
func (p *pass) conditions() {
	name := p.Experiment.Name
	switch {
	case p.Status.Phase == v1alpha1.AnalysisPhaseSuccessful:
		p.set(v1alpha1.ExperimentProgressing, corev1.ConditionFalse, "ExperimentCompleted",
			fmt.Sprintf("Experiment %q has successfully ran and completed.", name))
	case p.over() && p.Status.AvailableAt == nil && p.Status.Phase == v1alpha1.AnalysisPhaseFailed:
		p.set(v1alpha1.ExperimentProgressing, corev1.ConditionFalse, "ProgressDeadlineExceeded",
			fmt.Sprintf("Experiment %q has timed out progressing.", name))
	case p.over():
		p.set(v1alpha1.ExperimentProgressing, corev1.ConditionFalse, "ExperimentCompleted",
			fmt.Sprintf("Experiment %q has come to its end: %s", name, p.Status.Phase))
	case p.Status.Phase == v1alpha1.AnalysisPhaseRunning:
		p.set(v1alpha1.ExperimentProgressing, corev1.ConditionTrue, "NewReplicaSetAvailable",
			fmt.Sprintf("Experiment %q is running.", name))
	default:
		p.set(v1alpha1.ExperimentProgressing, corev1.ConditionTrue, "ReplicaSetUpdated",
			fmt.Sprintf("Experiment %q is progressing.", name))
	}
	p.failures()
}

// failures says whether pods cannot be made.
func (p *pass) failures() {
	for _, set := range p.Sets {
		for _, condition := range set.Status.Conditions {
			if condition.Type == appsv1.ReplicaSetReplicaFailure && condition.Status == corev1.ConditionTrue {
				p.set(v1alpha1.ExperimentReplicaFailure, corev1.ConditionTrue, condition.Reason, condition.Message)
				return
			}
		}
	}
	p.Status.Conditions = without(p.Status.Conditions, v1alpha1.ExperimentReplicaFailure)
}

// conditionOf returns the condition of a type, nil where there is none.
func conditionOf(
	status *v1alpha1.ExperimentStatus, kind v1alpha1.ExperimentConditionType,
) *v1alpha1.ExperimentCondition {
	for i := range status.Conditions {
		if status.Conditions[i].Type == kind {
			return &status.Conditions[i]
		}
	}
	return nil
}

// set writes a condition at the end, unless its status and reason are as before.
func (p *pass) set(kind v1alpha1.ExperimentConditionType, is corev1.ConditionStatus, reason, message string) {
	condition := v1alpha1.ExperimentCondition{
		Type: kind, Status: is, LastUpdateTime: *p.moment(), LastTransitionTime: *p.moment(),
		Reason: reason, Message: message,
	}
	if before := conditionOf(&p.Status, kind); before != nil {
		if before.Status == is && before.Reason == reason {
			return
		}
		if before.Status == is {
			condition.LastTransitionTime = before.LastTransitionTime
		}
	}
	p.Status.Conditions = append(without(p.Status.Conditions, kind), condition)
}

func without(
	conditions []v1alpha1.ExperimentCondition, kind v1alpha1.ExperimentConditionType,
) []v1alpha1.ExperimentCondition {
	return slices.DeleteFunc(conditions,
		func(condition v1alpha1.ExperimentCondition) bool { return condition.Type == kind })
}
