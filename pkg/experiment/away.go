// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package experiment

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

const (
	// recheckAway is how long to wait before a cluster that cannot be asked is asked again.
	recheckAway = 10 * time.Second
	// repeatAway is how long what was said of such a cluster stands, though it fails in other words meanwhile.
	repeatAway = 5 * time.Minute

	reasonUnreachable = "ClusterUnreachable"
	reasonUndeletable = "NotDeleted"
	reasonReachable   = "ClusterReachable"
)

// ClusterOf returns the registered cluster in which an Experiment runs its pods, "" for the one that it is in itself.
func ClusterOf(experiment *v1alpha1.Experiment) string {
	return experiment.Annotations[v1alpha1.AnnotationCluster]
}

// Away returns the status of an Experiment whose cluster cannot be asked. All else of it stays: nothing is known to
// have changed.
func Away(facts Facts, problem error) Decision { return cannot(facts, reasonUnreachable, problem) }

// Undeletable returns the status of an Experiment that is being deleted and must wait for what it has in its cluster.
func Undeletable(facts Facts, problem error) Decision {
	return cannot(facts, reasonUndeletable, problem)
}

func cannot(facts Facts, reason string, problem error) Decision {
	p := &pass{Facts: facts, Decision: Decision{Status: *facts.Experiment.Status.DeepCopy(), Again: recheckAway}}
	before, message := conditionOf(&p.Status, v1alpha1.ExperimentClusterUnreachable), problem.Error()
	if before != nil && before.Reason == reason &&
		(before.Message == message || facts.Now.Sub(before.LastUpdateTime.Time) < repeatAway) {
		return p.Decision
	}
	if before == nil || before.Reason != reason {
		p.tell(reason, true, "%s", message)
	}
	p.Status.Conditions = without(p.Status.Conditions, v1alpha1.ExperimentClusterUnreachable)
	p.set(v1alpha1.ExperimentClusterUnreachable, corev1.ConditionTrue, reason, message)
	return p.Decision
}

// comeBack goes on with an Experiment whose cluster was away. In that time there could be no progress, and so it does
// not count as time without any.
func (p *pass) comeBack() {
	if conditionOf(&p.Status, v1alpha1.ExperimentClusterUnreachable) == nil {
		return
	}
	p.Status.Conditions = without(p.Status.Conditions, v1alpha1.ExperimentClusterUnreachable)
	for i := range p.Status.TemplateStatuses {
		if status := &p.Status.TemplateStatuses[i]; !status.Status.Completed() {
			status.LastTransitionTime = p.moment()
		}
	}
	p.tell(reasonReachable, false, "The cluster of the pods answers again")
}

// Settled reports whether an Experiment is over and has neither pods nor Services in its cluster any more.
func (f Facts) Settled() bool {
	for _, set := range f.Sets {
		if set.Status.Replicas > 0 || set.Spec.Replicas == nil || *set.Spec.Replicas > 0 {
			return false
		}
	}
	return f.Experiment.Status.Phase.Completed() && len(f.Services) == 0
}
