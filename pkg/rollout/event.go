// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
)

// The reasons of Events and conditions (as Argo Rollouts 1.9: utils/conditions/conditions.go).
const (
	reasonSkipSteps      = "SkipSteps"
	reasonPaused         = "RolloutPaused"
	reasonResumed        = "RolloutResumed"
	reasonRetry          = "RolloutRetry"
	reasonAborted        = "RolloutAborted"
	reasonCompleted      = "RolloutCompleted"
	reasonStepCompleted  = "RolloutStepCompleted"
	reasonScaling        = "ScalingReplicaSet"
	reasonWorkload       = "ScalingWorkload"
	reasonPartition      = "PartitionUpdated"
	reasonTemplate       = "TemplateRestored"
	reasonReplacing      = "ReplacingPod"
	reasonSwitchService  = "SwitchService"
	reasonWeightUpdated  = "TrafficWeightUpdated"
	reasonSetCreated     = "NewReplicaSetCreated"
	reasonSetUpdated     = "ReplicaSetUpdated"
	reasonSetAvailable   = "NewReplicaSetAvailable"
	reasonTimedOut       = "ProgressDeadlineExceeded"
	reasonAvailable      = "AvailableReason"
	reasonHealthy        = "RolloutHealthy"
	reasonInvalidSpec    = "InvalidSpec"
	reasonReplicaFailure = "FailedCreate"
	reasonUnreachable    = "ClusterUnreachable"
	reasonUndeletable    = "ReplicaSetsNotDeleted"
	reasonReachable      = "ClusterReachable"
)

// tell adds an Event.
func (p *pass) tell(reason, format string, args ...any) {
	p.Events = append(p.Events, Event{Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// did adds an Event of what is done by itself: the next pass finds it done, and does not tell of it again.
func (p *pass) did(reason, format string, args ...any) {
	p.Events = append(p.Events, Event{Done: true, Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// warn adds an Event that somebody should look at.
func (p *pass) warn(reason, message string) {
	p.Events = append(p.Events, Event{Warning: true, Reason: reason, Message: message})
}

// Deeds returns the Events of what is done by itself.
func Deeds(events []Event) []Event {
	return slices.DeleteFunc(slices.Clone(events), func(event Event) bool { return !event.Done })
}

// Summed returns Events with those of one reason in one, in the order in which the reasons came first.
func Summed(events []Event) []Event {
	var sums []Event
	for _, event := range events {
		at := slices.IndexFunc(sums, func(sum Event) bool {
			return sum.Reason == event.Reason && sum.Warning == event.Warning
		})
		if at < 0 {
			sums = append(sums, event)
			continue
		}
		sums[at].Message += "; " + event.Message
	}
	return sums
}
