// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import appsv1 "k8s.io/api/apps/v1"

// Size is a ReplicaSet in numbers.
type Size struct {
	// Spec is how many pods it should have.
	Spec int32
	// Available is how many of its pods are available.
	Available int32
}

// sizeOf returns the numbers of a ReplicaSet; one that is not there has none.
func sizeOf(set *appsv1.ReplicaSet) Size {
	if set == nil {
		return Size{}
	}
	return Size{Spec: or(set.Spec.Replicas, 1), Available: set.Status.AvailableReplicas}
}

// counted is how many pods can be relied on: those that are available, or that will be left.
func (s Size) counted(ignoreAvailability bool) int32 {
	if ignoreAvailability {
		return s.Spec
	}
	return min(s.Spec, s.Available)
}

// Bounds is what a strategy promises while it moves from one revision to the other.
type Bounds struct {
	// Most is the largest number of pods.
	Most int32
	// Least is the smallest number of available pods.
	Least int32
}

// Approach returns the next sizes of the new and of the stable ReplicaSet on their way to a target, without a router
// (as Argo Rollouts 1.9: CalculateReplicaCountsForBasicCanary). Older sets are given by the sum of their sizes: they
// are drained before pods of these two are taken away.
func Approach(target Pair, current, stable Size, older int32, bounds Bounds) Pair {
	next := Pair{New: current.Spec, Stable: stable.Spec}
	budget := max(0, bounds.Most-current.Spec-stable.Spec-older)
	next.Stable, budget = grow(next.Stable, target.Stable, budget)
	next.New, _ = grow(next.New, target.New, budget)
	if older > 0 {
		return next
	}
	// While the canary grows, stable pods make room whether they are available or not; and the other way about.
	increasing := target.New >= current.Spec
	slack := current.counted(!increasing) + stable.counted(increasing) - bounds.Least
	if slack <= 0 {
		return next
	}
	if increasing {
		next.Stable = shrink(next.Stable, stable.Spec, target.Stable, slack)
		next.Stable, next.New = clamp(next.Stable, stable, next.New, current, bounds)
		return next
	}
	next.New = shrink(next.New, current.Spec, target.New, slack)
	next.New, next.Stable = clamp(next.New, current, next.Stable, stable, bounds)
	return next
}

// grow raises a size to its target as far as the budget goes, and returns what is left of it.
func grow(size, target, budget int32) (grown, left int32) {
	step := min(max(0, target-size), budget)
	return size + step, budget - step
}

// shrink lowers a size to its target as far as the slack goes.
func shrink(size, spec, target, slack int32) int32 {
	if spec <= target {
		return size
	}
	return max(target, spec-slack)
}

// clamp keeps both sizes within the bounds: the drained set was just lowered, the other one may have grown. The other
// gives way first, as far as availability allows, then the drained one.
func clamp(drained int32, drain Size, other int32, adjust Size, bounds Bounds) (newDrained, newOther int32) {
	over := max(0, other+drained-bounds.Most)
	lowered := max(0, other-over)
	lost := min(adjust.Available, other) - min(adjust.Available, lowered)
	available := min(drain.Available, drained) + min(adjust.Available, lowered)
	lowered += min(lost, max(0, bounds.Least-available))
	over = max(0, lowered+drained-bounds.Most)
	return max(0, drained-over), lowered
}

// Drain returns the next sizes of older sets, the newest first, of which none is needed any more: pods that are not
// available go at once, others as long as enough pods are available.
func Drain(older []Size, available, least int32) []int32 {
	next := make([]int32, len(older))
	for i, size := range older {
		next[i] = min(size.Spec, size.Available)
	}
	spare := max(0, available-least)
	for i := range next {
		taken := min(next[i], spare)
		next[i], spare = next[i]-taken, spare-taken
	}
	return next
}
