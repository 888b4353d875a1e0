// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "math"

// Held is the partition of a StatefulSet while no pod is to get another template: no number of pods that somebody may
// scale it to reaches it.
const Held = math.MaxInt32

// replaceByPartition lets a StatefulSet have as many pods of the new revision as the present step asks for. Its
// controller replaces the pods from the partition on, the last one first. It leaves new pods below the partition as
// they are; once they are deleted, it makes them anew at the stable revision.
func (p *pass) replaceByPartition() {
	work, partition := p.inPlace(), p.partition()
	p.ripen()
	if p.halted() && partition != Held {
		return
	}
	if work.Partition != partition || work.Driver != p.Rollout.Name {
		p.replaced().Claim = work.Driver != p.Rollout.Name
		p.replaced().Partition = &partition
		p.tellPartition(partition)
		return
	}
	if p.halted() || !work.Observed {
		return
	}
	var strays []Pod
	for _, pod := range work.Pods {
		if pod.Ordinal < partition && pod.Hash != work.Stable {
			strays = append(strays, pod)
		}
	}
	p.discard(strays, int32(len(strays)))
}

// partition is the first ordinal that gets the new template. A new template must find the StatefulSet held: its
// controller does not ask anybody before it replaces pods.
func (p *pass) partition() int32 {
	work, desired := p.inPlace(), Replicas(p.Rollout)
	if work.Stable == work.Newest {
		return Held
	}
	if count := p.target().New; count > 0 {
		return max(0, desired-count)
	}
	return Held
}

func (p *pass) tellPartition(partition int32) {
	name := p.Rollout.Spec.WorkloadRef.Name
	if partition == Held {
		p.did(reasonPartition, "Held StatefulSet %s: its pods stay at revision %s", name, p.inPlace().Stable)
		return
	}
	p.did(reasonPartition, "Set the partition of StatefulSet %s to %d: pods from that ordinal on get revision %s", name,
		partition, p.inPlace().Newest)
}
