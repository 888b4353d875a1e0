// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// What an absent field means (as Argo Rollouts 1.9: utils/defaults/defaults.go).
const (
	defaultReplicas         = 1
	defaultHistoryLimit     = 10
	defaultRunHistoryLimit  = 5
	defaultProgressDeadline = 600
	defaultScaleDownDelay   = 30
	defaultShare            = "25"
	// fullWeight is the sum of the weights where nothing else is said.
	fullWeight = 100
)

// Replicas is the number of desired pods.
func Replicas(r *v1alpha1.Rollout) int32 { return or(r.Spec.Replicas, defaultReplicas) }

// HistoryLimit is the number of old ReplicaSets to keep.
func HistoryLimit(r *v1alpha1.Rollout) int {
	return int(or(r.Spec.RevisionHistoryLimit, defaultHistoryLimit))
}

// RunLimits are the numbers of successful and of other AnalysisRuns to keep.
func RunLimits(r *v1alpha1.Rollout) (successful, others int) {
	limits := r.Spec.Analysis
	if limits == nil {
		return defaultRunHistoryLimit, defaultRunHistoryLimit
	}
	return int(or(limits.SuccessfulRunHistoryLimit, defaultRunHistoryLimit)),
		int(or(limits.UnsuccessfulRunHistoryLimit, defaultRunHistoryLimit))
}

// progressDeadline is the time in which an update must make progress.
func progressDeadline(r *v1alpha1.Rollout) time.Duration {
	return seconds(or(r.Spec.ProgressDeadlineSeconds, defaultProgressDeadline))
}

// routed says that the traffic of the Rollout is split by routers.
func routed(r *v1alpha1.Rollout) bool {
	return r.Spec.Canary() != nil && r.Spec.Canary().TrafficRouting != nil
}

// dynamic says that the stable pods go as the traffic goes.
func dynamic(r *v1alpha1.Rollout) bool {
	return routed(r) && or(r.Spec.Canary().DynamicStableScale, false)
}

// maxWeight is the sum of the weights of the canary and of the stable pods.
func maxWeight(r *v1alpha1.Rollout) int32 {
	if !routed(r) {
		return fullWeight
	}
	return or(r.Spec.Canary().TrafficRouting.MaxTrafficWeight, fullWeight)
}

// scaleDownDelay is how long the pods of an old revision stay; zero is not at all.
func scaleDownDelay(r *v1alpha1.Rollout) time.Duration {
	switch blueGreen := r.Spec.BlueGreen(); {
	case blueGreen != nil:
		return seconds(or(blueGreen.ScaleDownDelaySeconds, defaultScaleDownDelay))
	case routed(r) && !dynamic(r):
		return seconds(or(r.Spec.Canary().ScaleDownDelaySeconds, defaultScaleDownDelay))
	default:
		return 0
	}
}

// scaleDownRevisions is how many old revisions stay up during the delay.
func scaleDownRevisions(r *v1alpha1.Rollout) int32 {
	limit := new(int32)
	switch blueGreen := r.Spec.BlueGreen(); {
	case blueGreen != nil:
		limit = blueGreen.ScaleDownDelayRevisionLimit
	case routed(r):
		limit = r.Spec.Canary().ScaleDownDelayRevisionLimit
	}
	return or(limit, math.MaxInt32)
}

// abortDelay is how long the pods of an aborted revision stay, and false where they stay for ever.
func abortDelay(r *v1alpha1.Rollout) (time.Duration, bool) {
	var given *int32
	switch blueGreen := r.Spec.BlueGreen(); {
	case blueGreen != nil:
		given = blueGreen.AbortScaleDownDelaySeconds
	case routed(r):
		given = r.Spec.Canary().AbortScaleDownDelaySeconds
	}
	delay := or(given, defaultScaleDownDelay)
	return seconds(delay), delay > 0
}

// surge is how many pods an update may add.
func surge(r *v1alpha1.Rollout) int32 {
	canary := r.Spec.Canary()
	if canary == nil {
		return 0
	}
	// Validation names a value that cannot be read; none of it is added.
	count, err := share(canary.MaxSurge, Replicas(r), true)
	if err != nil {
		return 0
	}
	return count
}

// unavailable is how many pods an update may make unavailable. Where it may neither add nor remove any, it is one, lest
// the update stand still.
func unavailable(r *v1alpha1.Rollout) int32 {
	total := Replicas(r)
	var given *intstr.IntOrString
	switch {
	case r.Spec.Canary() != nil:
		given = r.Spec.Canary().MaxUnavailable
	case r.Spec.BlueGreen() != nil:
		given = r.Spec.BlueGreen().MaxUnavailable
	}
	count, err := share(given, total, false)
	if err != nil {
		return 0
	}
	if count == 0 && r.Spec.Canary() != nil && surge(r) == 0 {
		count = 1
	}
	return min(count, total)
}

// share resolves a number or a percentage of total. A text is a percentage with or without its sign, as the peer reads
// it.
func share(given *intstr.IntOrString, total int32, up bool) (int32, error) {
	value := or(given, intstr.FromString(defaultShare))
	if value.Type == intstr.Int {
		return value.IntVal, nil
	}
	percent, err := strconv.ParseInt(strings.TrimSuffix(value.StrVal, "%"), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is neither a number nor a percentage", value.StrVal)
	}
	part := float64(percent) * float64(total) / fullWeight
	if up {
		return int32(math.Ceil(part)), nil
	}
	return int32(math.Floor(part)), nil
}

func seconds(count int32) time.Duration { return time.Duration(count) * time.Second }

// or returns what is given, or a default.
func or[T any](given *T, fallback T) T {
	if given == nil {
		return fallback
	}
	return *given
}
