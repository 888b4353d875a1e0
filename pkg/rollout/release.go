// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// Release is how the workload of a Rollout gives up its own pods.
type Release struct {
	// Replicas is the number of pods that it still runs.
	Replicas int32
	// Done says that the Rollout has taken all of them over: whoever scales the workload up again means it.
	Done bool
	// Events tell of it.
	Events []Event
}

// release decides how many pods the workload still runs while the first revision takes them over (as Argo Rollouts 1.9:
// rollout/sync.go, rollout/replicaset.go). A workload without pods is given none.
func (p *pass) release() {
	if p.Workload == nil || p.Workload.Released == p.Rollout.UID || RevisionOf(p.New) != 1 {
		return
	}
	ref, before := p.Rollout.Spec.WorkloadRef, or(p.Workload.Replicas, 1)
	wanted := Release{Replicas: before}
	switch ref.ScaleDown {
	case v1alpha1.ScaleDownProgressively:
		if ready := p.Status.ReadyReplicas; ready > 0 && before > 0 {
			wanted.Replicas = max(0, Replicas(p.Rollout)-ready)
		}
	case v1alpha1.ScaleDownOnSuccess:
	default:
		return
	}
	if p.Status.Phase == v1alpha1.RolloutPhaseHealthy {
		wanted = Release{Done: true}
	}
	if wanted.Replicas != before {
		wanted.Events = []Event{{Reason: reasonWorkload, Message: fmt.Sprintf(
			"Scaled %s %s from %d to %d", ref.Kind, ref.Name, before, wanted.Replicas)}}
	}
	if wanted.Done || wanted.Replicas != before {
		p.Release = &wanted
	}
}
