// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

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
)

// Away returns the status of a Rollout whose cluster cannot be asked. All else of it stays: nothing is known to have
// changed.
func Away(facts Facts, problem error) Decision { return cannot(facts, reasonUnreachable, problem) }

// Undeletable returns the status of a Rollout that is being deleted and must wait for its ReplicaSets.
func Undeletable(facts Facts, problem error) Decision {
	return cannot(facts, reasonUndeletable, problem)
}

func cannot(facts Facts, reason string, problem error) Decision {
	p := &pass{Facts: facts, Decision: Decision{Status: *facts.Rollout.Status.DeepCopy(), Again: recheckAway}}
	before, message := conditionOf(&p.Status, v1alpha1.RolloutClusterUnreachable), problem.Error()
	if before != nil && before.Reason == reason &&
		(before.Message == message || facts.Now.Sub(before.LastUpdateTime.Time) < repeatAway) {
		return p.Decision
	}
	if before == nil || before.Reason != reason {
		p.warn(reason, message)
	}
	p.Status.Conditions = without(p.Status.Conditions, v1alpha1.RolloutClusterUnreachable)
	setCondition(&p.Status, v1alpha1.RolloutClusterUnreachable, corev1.ConditionTrue, reason, message, facts.Now)
	return p.Decision
}

// comeBack goes on with a Rollout whose cluster was away. In that time there could be no progress, and so it does not
// count as time without any.
func (p *pass) comeBack() {
	if conditionOf(&p.Status, v1alpha1.RolloutClusterUnreachable) == nil {
		return
	}
	p.Status.Conditions = without(p.Status.Conditions, v1alpha1.RolloutClusterUnreachable)
	p.Status.Conditions = touched(p.Status.Conditions, v1alpha1.RolloutProgressing, p.Now)
	p.tell(reasonReachable, "The cluster of the pods answers again")
}
