// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "math"

// Pair is a number for the new revision and one for the stable one.
type Pair struct {
	New, Stable int32
}

// Target returns the numbers of pods that come nearest to a weight, out of full, without a router (as Argo Rollouts
// 1.9: approximateWeightedCanaryStableReplicaCounts). One pod more than desired is used where surge allows it and the
// weight is met better so. Between nothing and everything each revision keeps a pod where there is room for two.
func Target(desired, weight, full, surge int32) Pair {
	if desired == 0 {
		return Pair{}
	}
	exact := float64(desired) * float64(weight) / float64(full)
	up, down := int32(math.Ceil(exact)), int32(math.Floor(exact))
	zero := weight == full || weight == 0 || (desired == 1 && surge == 0)
	var options []option
	if up < desired || zero {
		options = append(options, option{up, desired})
	}
	if !tied(desired, weight, full) && (down != 0 || zero) {
		options = append(options, option{down, desired})
	}
	if surge > 0 {
		options = append(options, option{up, desired + 1})
		if !tied(desired+1, weight, full) && (down != 0 || zero) {
			options = append(options, option{down, desired + 1})
		}
	}
	if len(options) == 0 {
		// Half a pod, and nothing to add: the smaller number leaves each revision its pod.
		options = append(options, option{down, desired})
	}
	best := options[0]
	for _, o := range options[1:] {
		if o.miss(weight, full) < best.miss(weight, full) {
			best = o
		}
	}
	return Pair{New: best.canary, Stable: best.total - best.canary}
}

// option is a number of new pods out of a total.
type option struct {
	canary, total int32
}

// miss is how far the option is from the weight.
func (o option) miss(weight, full int32) float64 {
	return math.Abs(float64(o.canary)*float64(full)/float64(o.total) - float64(weight))
}

// tied says that a weight asks for half a pod: rounding down is as far from it as rounding up.
func tied(total, weight, full int32) bool {
	return (2*int64(total)*int64(weight))%int64(full) == 0 && (int64(total)*int64(weight))%int64(full) != 0
}

// portion is the number of pods that a weight out of full asks for, rounded up.
func portion(desired, weight, full int32) int32 {
	return int32(math.Ceil(float64(desired) * float64(weight) / float64(full)))
}
