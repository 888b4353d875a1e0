// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"
)

func TestSupervisor(t *testing.T) {
	t.Parallel()
	u := user{dir: t.TempDir()}
	ready, first := u.up(t)
	u.kubectl(t, "hub", "", "create", "configmap", "kept")

	if out, err := u.command(t, "up").CombinedOutput(); err == nil || !strings.Contains(string(out), "runs in") {
		t.Errorf("a second supervisor of the folder: %v\n%s", err, out)
	}

	u.run(t, "stop", "hub")
	if _, err := u.tryKubectl("hub", "", "get", "configmaps"); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("a stopped cluster answers: %v", err)
	}
	u.run(t, "start", "hub")
	u.kubectl(t, "hub", "", "get", "configmap", "kept")
	u.kubectl(t, "hub", "", "create", "deployment", "web", "--image=web:1")
	u.kubectl(t, "hub", "", "wait", "--for=condition=Available", "deployment/web", timeout)

	u.run(t, "pause", "hub")
	if _, err := u.tryKubectl("hub", "", "get", "configmaps", "--request-timeout=1s"); err == nil {
		t.Error("a paused cluster answers")
	}
	u.run(t, "resume", "hub")
	u.kubectl(t, "hub", "", "get", "configmap", "kept")

	u.run(t, "down")
	expectEnd(t, ready.Etcd.PID, first.Process.Pid)

	again, second := u.up(t)
	u.kubectl(t, "hub", "", "get", "configmap", "kept")
	if err := second.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	pids := []int{again.Etcd.PID}
	for _, pid := range again.Clusters["hub"].PIDs {
		pids = append(pids, pid)
	}
	expectEnd(t, pids...)
}

// expectEnd waits until processes have ended.
func expectEnd(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		for deadline := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d still runs", pid)
			}
		}
	}
}
