// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
)

// away begins an update whose new pods do not become ready, and lets an hour pass, in which the cluster may be away.
func away(t *testing.T, gone bool) *cluster {
	t.Helper()
	c := deployed(t, 4, "canary: {steps: [{setWeight: 50}]}")
	c.rollout.Spec.ProgressDeadlineSeconds, c.rollout.Spec.ProgressDeadlineAbort = new(int32(60)), new(true)
	c.push(2)
	c.decide()
	before := c.rollout.Status.DeepCopy()
	if gone {
		decision := Away(Facts{Rollout: c.rollout, Now: c.now}, errors.New("cluster east is unreachable"))
		c.rollout.Status = decision.Status
		if diff := cmp.Diff(before.Phase, decision.Status.Phase); diff != "" {
			t.Errorf("the phase changed:\n%s", diff)
		}
		rest := decision.Status.DeepCopy()
		rest.Conditions = without(rest.Conditions, v1alpha1.RolloutClusterUnreachable)
		if diff := cmp.Diff(*before, *rest); diff != "" {
			t.Errorf("more than the condition changed:\n%s", diff)
		}
		again := Away(Facts{Rollout: c.rollout, Now: c.now.Add(time.Minute)}, errors.New("cluster east fails in other words"))
		if diff := cmp.Diff(c.rollout.Status, again.Status); diff != "" || len(again.Events) > 0 {
			t.Errorf("to say it again changes the status or tells of it (%v):\n%s", again.Events, diff)
		}
	}
	c.now = c.now.Add(time.Hour)
	c.decide()
	return c
}

func TestAnHourInWhichTheClusterIsAwayIsNoHourWithoutProgress(t *testing.T) {
	t.Parallel()
	if c := away(t, false); !c.rollout.Status.Abort {
		t.Error("an update without progress in its deadline is not aborted")
	}
	c := away(t, true)
	if c.rollout.Status.Abort {
		t.Error("an update is aborted as its cluster was away")
	}
	if conditionOf(&c.rollout.Status, v1alpha1.RolloutClusterUnreachable) != nil {
		t.Error("the cluster answers again, and the condition stays")
	}
	if !strings.Contains(strings.Join(c.events, "\n"), reasonReachable) {
		t.Errorf("no Event tells that the cluster answers again: %q", c.events)
	}
}

func TestInAnotherClusterALabelSaysWhoseAReplicaSetIs(t *testing.T) {
	t.Parallel()
	c := start(t, 1, "canary: {}")
	here := c.facts(false).New
	if len(here.OwnerReferences) != 1 || here.Labels[v1alpha1.LabelRolloutUID] != "" || !Owns(c.rollout, here) {
		t.Errorf("in its own cluster a Rollout does not control its ReplicaSet: %+v", here.ObjectMeta)
	}
	c.rollout.Annotations = map[string]string{v1alpha1.AnnotationCluster: "east"}
	there := c.facts(false).New
	if len(there.OwnerReferences) != 0 || there.Labels[v1alpha1.LabelRolloutUID] != "u" || !Owns(c.rollout, there) {
		t.Errorf("in another cluster the ReplicaSet is not labeled: %+v", there.ObjectMeta)
	}
	if there.Annotations[v1alpha1.AnnotationCluster] != "" {
		t.Error("the ReplicaSet names a cluster, too")
	}
	if Owns(c.rollout, here) {
		t.Error("an owner reference counts in another cluster")
	}
	there.Namespace = "elsewhere"
	if Owns(c.rollout, there) {
		t.Error("a ReplicaSet of another namespace is taken")
	}
}
