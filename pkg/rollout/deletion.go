// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"slices"
)

// keepsNew says that nodes without a stable pod get a new one though there are more than a step asks for: those that
// came during the update, and those of an update that was overtaken. A DaemonSet has no other template for them.
func (p *pass) keepsNew() bool {
	return p.Rollout.Spec.WorkloadRef.Kind == kindDaemonSet && !p.Status.Abort
}

// replaceByDeletion lets a DaemonSet have as many pods of the new revision as the present step asks for, node by node.
// Its controller makes every pod anew from the template as it is: to go back, the template goes back first.
func (p *pass) replaceByDeletion() {
	work := p.inPlace()
	p.ripen()
	if work.Driver != p.Rollout.Name {
		p.replaced().Claim = true
	}
	if p.halted() || !work.Observed {
		return
	}
	goal, count := work.Newest, p.target().New
	others := slices.DeleteFunc(slices.Clone(work.Pods), func(pod Pod) bool { return pod.Hash == goal })
	// A place without a pod gets one of the template as it is.
	current := Replicas(p.Rollout) - int32(len(others))
	switch {
	case goal == p.Status.StableRS:
		count = Replicas(p.Rollout)
	case p.Status.Abort && sizeOf(p.stable).Spec < Replicas(p.Rollout):
		p.replaced().Template = p.Status.StableRS
		p.did(reasonTemplate, "Gave DaemonSet %s the template of revision %s back", p.Rollout.Spec.WorkloadRef.Name,
			p.Status.StableRS)
		return
	}
	p.discard(p.byNode(others), count-current)
}

// byNode sorts pods by the names of their nodes. Those of an update that was overtaken come first.
func (p *pass) byNode(pods []Pod) []Pod {
	slices.SortFunc(pods, func(a, b Pod) int { return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Name, b.Name)) })
	stable := func(pod Pod) bool { return pod.Hash == p.Status.StableRS }
	overtaken := slices.DeleteFunc(slices.Clone(pods), stable)
	return append(overtaken, slices.DeleteFunc(pods, func(pod Pod) bool { return !stable(pod) })...)
}
