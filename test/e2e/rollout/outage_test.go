// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Killed at each step, the server goes on where it was: no step is skipped, and none is done twice.
func TestKilledAtEachStepItGoesOn(t *testing.T) {
	s := begin(t, "killed")
	restart := func() {
		t.Helper()
		s.OK(stage.Capstan.Kill())
		s.OK(stage.Capstan.Start(s.Context()))
	}
	s.apply(s.rollout("v1", 4, waiting))
	s.at("Healthy", 4)
	s.apply(s.rollout("v2", 4, waiting))
	restart()
	s.at("Paused", 1)
	s.pods("v2", 1)
	restart()
	s.at("Paused", 1)
	s.patch(`{"pauseConditions":null}`)
	restart()
	s.at("Paused", 3)
	s.pods("v2", 3)
	s.patch(`{"pauseConditions":null}`)
	restart()
	s.at("Healthy", 4)
	s.pods("v2", 4)
	s.pods("v1", 0)
	sets := s.Kubectl(s.hub, "get", "replicasets", "-n", s.namespace, "-o", "name")
	if got := strings.Count(sets, "replicaset.apps/"); got != 2 {
		t.Errorf("there are %d ReplicaSets, want one of each revision:\n%s", got, sets)
	}
}

// ReplicaSets belong to their Rollouts. A store that was wiped must not make the cluster take them for orphans.
func TestAWipedStoreDeletesNoReplicaSet(t *testing.T) {
	s := begin(t, "wiped")
	s.apply(s.rollout("v1", 2, "canary: {}"))
	s.until("{.status.phase}", "Healthy")
	uid := func() string {
		return s.Kubectl(s.hub, "get", "replicasets", "-n", s.namespace, "-o", "jsonpath={.items[*].metadata.uid}")
	}
	before, kept := uid(), filepath.Join(t.TempDir(), "kept")
	s.OK(stage.Capstan.Stop())
	s.OK(os.Rename(stage.Capstan.DataDir(), kept))
	s.OK(stage.Capstan.Launch())
	s.Eventually("the server refuses its empty store", func() bool {
		_, err := s.hub.Run(s.Context(), "get", "rollouts", "-n", s.namespace)
		return err != nil && strings.Contains(err.Error(), "capstan.dev/accept-store")
	})
	// The garbage collector looks at what it cannot resolve again and again: whatever it would do, it does in this time.
	s.Kubectl(s.hub, "annotate", "replicaset", "--all", "-n", s.namespace, "touched=yes")
	for range 5 {
		time.Sleep(time.Second)
		if now := uid(); now != before {
			t.Fatalf("ReplicaSets %q are there, want %q", now, before)
		}
	}
	s.OK(stage.Capstan.Stop())
	s.OK(os.RemoveAll(stage.Capstan.DataDir()))
	s.OK(os.Rename(kept, stage.Capstan.DataDir()))
	s.OK(stage.Capstan.Start(s.Context()))
	s.until("{.status.phase}", "Healthy")
	if now := uid(); now != before {
		t.Errorf("ReplicaSets %q are there, want %q", now, before)
	}
}
