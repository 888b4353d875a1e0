// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEventsOfOneReasonAreToldInOneAndLoseNoMessage(t *testing.T) {
	t.Parallel()
	happened := []Event{
		{Reason: "ScalingReplicaSet", Message: "Scaled up ReplicaSet web-b (revision 2) from 0 to 1"},
		{Reason: "RolloutStepCompleted", Message: "Rollout step 1/2 completed (setWeight: 20)"},
		{Reason: "ScalingReplicaSet", Message: "Scaled down ReplicaSet web-a (revision 1) from 5 to 4"},
		{Reason: "ScalingReplicaSet", Warning: true, Message: "no"},
	}
	want := []Event{
		{Reason: "ScalingReplicaSet", Message: "Scaled up ReplicaSet web-b (revision 2) from 0 to 1; " +
			"Scaled down ReplicaSet web-a (revision 1) from 5 to 4"},
		{Reason: "RolloutStepCompleted", Message: "Rollout step 1/2 completed (setWeight: 20)"},
		{Reason: "ScalingReplicaSet", Warning: true, Message: "no"},
	}
	if diff := cmp.Diff(want, Summed(happened)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if happened[0].Message != "Scaled up ReplicaSet web-b (revision 2) from 0 to 1" {
		t.Errorf("the Events that were given changed: %v", happened)
	}
}
