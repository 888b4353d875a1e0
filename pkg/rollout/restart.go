// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "time"

// recheckRestart is how long a restart waits for pods before it looks again.
const recheckRestart = 30 * time.Second

// restart decides how many pods may go now so that every pod is younger than the restart that the spec asks for.
func (p *pass) restart() {
	at := p.Rollout.Spec.RestartAt
	if at == nil || at.Equal(p.Status.RestartedAt) {
		return
	}
	if p.Now.Before(at.Time) {
		p.wake(at.Time)
		return
	}
	if p.Outdated == 0 {
		p.Status.RestartedAt = at.DeepCopy()
		return
	}
	var total, available int32
	for _, set := range p.Sets {
		total, available = total+set.Status.Replicas, available+set.Status.AvailableReplicas
	}
	// ReplicaSets tell of pods that were evicted only after a while.
	available = min(available, int32(p.Live))
	keep := max(Replicas(p.Rollout), total) - max(1, unavailable(p.Rollout))
	p.Restart = min(max(0, available-keep), int32(p.Outdated))
	p.wake(p.Now.Add(recheckRestart))
}
