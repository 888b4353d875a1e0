// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Replacement is what is done with a workload that replaces its own pods.
type Replacement struct {
	// Claim says that the workload gets the name of the Rollout that drives it.
	Claim bool
	// Partition is the one that a StatefulSet gets; nil where it keeps its own.
	Partition *int32
	// Template is the hash of the revision whose template the workload gets back, "" where it keeps its own.
	Template string
	// Pods are those to delete, whose places the workload's controller fills again.
	Pods []Pod
}

// recheckReplacement is how long pods that have to be replaced wait for others to become available.
const recheckReplacement = 30 * time.Second

// replace decides how a workload that replaces its own pods goes on.
func (p *pass) replace() {
	if p.Rollout.Spec.WorkloadRef.Kind == kindStatefulSet {
		p.replaceByPartition()
		return
	}
	p.replaceByDeletion()
}

// replaced returns the Replacement, and begins it.
func (p *pass) replaced() *Replacement {
	if p.Replacement == nil {
		p.Replacement = &Replacement{}
	}
	return p.Replacement
}

// discard deletes up to so many of the given pods, in their order: at once those that are not available, the others as
// far as enough pods stay available.
func (p *pass) discard(pods []Pod, count int32) {
	work := p.inPlace()
	var spare int32
	for _, pod := range work.Pods {
		if is, _ := work.available(pod, p.Now); is {
			spare++
		}
	}
	spare -= p.bounds().Least
	waiting := slices.SortedStableFunc(slices.Values(pods), func(a, b Pod) int {
		return cmp.Compare(p.rank(a), p.rank(b))
	})
	for _, pod := range waiting {
		if count <= 0 {
			return
		}
		if p.rank(pod) > 0 && spare <= 0 {
			p.wake(p.Now.Add(recheckReplacement))
			return
		}
		count--
		spare -= p.rank(pod)
		p.replaced().Pods = append(p.replaced().Pods, pod)
		p.did(reasonReplacing, "Deleted pod %s of revision %s to replace it", pod.Name, pod.Hash)
	}
}

// rank is 1 for a pod that is available, 0 for another.
func (p *pass) rank(pod Pod) int32 {
	if is, _ := p.inPlace().available(pod, p.Now); is {
		return 1
	}
	return 0
}

// ripen looks again when the next pod that is ready counts as available.
func (p *pass) ripen() {
	work := p.inPlace()
	for _, pod := range work.Pods {
		if is, from := work.available(pod, p.Now); !is && !from.IsZero() {
			p.wake(from)
		}
	}
}

// subject names in messages what runs the new pods.
func (p *pass) subject() string {
	if p.inPlace() != nil {
		ref := p.Rollout.Spec.WorkloadRef
		return fmt.Sprintf("%s %q", ref.Kind, ref.Name)
	}
	return fmt.Sprintf("ReplicaSet %q", p.New.Name)
}
