// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

// hookJob is a Job that runs in a phase of a sync; stage says how its pod fares.
func hookJob(metadata, hook, stage string) string {
	return fmt.Sprintf(`{apiVersion: batch/v1, kind: Job, metadata: {%s, annotations: {%s}}, spec: {backoffLimit: 0,
  template: {metadata: {annotations: {%s}}, spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:1"}]}}}}
---
`, metadata, hook, stage)
}

// operation waits until the state of an Application's operation holds a text.
func (s *story) operation(name, path, want string) {
	s.Helper()
	s.until(s.hub, func(out string) bool { return strings.Contains(out, want) }, "get", "application", name, "-n", argocd, "-o",
		"jsonpath={.status.operationState."+path+"}")
}

func TestHooksRunAroundASync(t *testing.T) {
	s := begin(t, "hooks", map[string]string{"app/all.yaml": configMap("config", "1") + "---\n" +
		hookJob("name: before", "argocd.argoproj.io/hook: PreSync", "") +
		hookJob("generateName: after-", "argocd.argoproj.io/hook: PostSync, argocd.argoproj.io/hook-delete-policy: HookSucceeded", "") +
		hookJob("name: sorry", "argocd.argoproj.io/hook: SyncFail", "") +
		hookJob("name: never", "argocd.argoproj.io/hook: Skip", "")})
	s.apply(s.application("hooks", staging, "app", ""))
	s.operation("hooks", "phase", "Succeeded")
	s.status("hooks", "Synced/Healthy")
	s.value(staging, "configmap/config", ".data.value", "1")
	s.value(staging, "job/before", ".status.succeeded", "1")
	s.value(staging, "job/before", ".metadata.finalizers", "")
	s.operation("hooks", "syncResult.resources[*]['hookType', 'hookPhase']", "PreSync PostSync Succeeded")
	s.until(stage.Plane.Kubectl(staging), func(out string) bool { return !strings.Contains(out, "after-") }, "get", "jobs", "-n", s.name, "-o", "name")
	if out := s.run(stage.Plane.Kubectl(staging), "get", "jobs", "-n", s.name, "-o", "name"); out != "job.batch/before" {
		t.Errorf("these hooks are left: %s", out)
	}
	first := s.run(stage.Plane.Kubectl(staging), "get", "job", "before", "-n", s.name, "-o", "jsonpath={.metadata.uid}")

	s.push(map[string]string{"app/more.yaml": configMap("more", "1")})
	s.value(staging, "configmap/more", ".data.value", "1")
	s.status("hooks", "Synced/Healthy")
	if again := s.run(stage.Plane.Kubectl(staging), "get", "job", "before", "-n", s.name, "-o", "jsonpath={.metadata.uid}"); again == first {
		t.Error("the PreSync hook did not run for the second commit")
	}
	runs := s.run(s.hub, "get", "syncruns", "-n", argocd, "--field-selector", "spec.application.name=hooks", "-o",
		"jsonpath={.items[*].status.resources[*].hookType}")
	if !strings.Contains(runs, "PreSync") || !strings.Contains(runs, "PostSync") {
		t.Errorf("the records of the syncs name the hooks %q", runs)
	}
	s.remove("hooks")
	s.gone(staging, "jobs")
}

func TestAFailedHookStopsASyncAndAFixGoesThrough(t *testing.T) {
	s := begin(t, "hook-fails", map[string]string{"app/all.yaml": configMap("config", "1") + "---\n" +
		hookJob("name: before", "argocd.argoproj.io/hook: PreSync", "stage.capstan.dev/fail: 'true'") +
		hookJob("name: sorry", "argocd.argoproj.io/hook: SyncFail", "")})
	s.apply(s.application("hook-fails", staging, "app", ""))
	s.operation("hook-fails", "message", "Retrying attempt #1")
	s.value(staging, "job/sorry", ".status.succeeded", "1")
	s.gone(staging, "configmap/config")
	s.push(map[string]string{"app/all.yaml": configMap("config", "1") + "---\n" +
		hookJob("name: before", "argocd.argoproj.io/hook: PreSync", "")})
	s.value(staging, "configmap/config", ".data.value", "1")
	s.operation("hook-fails", "phase", "Succeeded")
	s.remove("hook-fails")
}

func TestAHookSurvivesARestartAndItsOwnDeletion(t *testing.T) {
	s := begin(t, "hook-restart", map[string]string{"app/all.yaml": configMap("config", "1") + "---\n" +
		strings.Replace(hookJob("name: before", "argocd.argoproj.io/hook: PreSync", "stage.capstan.dev/complete-after: 6s"),
			"backoffLimit: 0,", "backoffLimit: 0, ttlSecondsAfterFinished: 0,", 1)})
	s.apply(s.application("hook-restart", staging, "app", ""))
	s.operation("hook-restart", "message", "waiting for completion of hook batch/Job/before")
	uid := s.run(stage.Plane.Kubectl(staging), "get", "job", "before", "-n", s.name, "-o", "jsonpath={.metadata.uid}")
	s.ok(stage.Capstan.Stop())
	s.until(stage.Plane.Kubectl(staging), func(out string) bool { return out != "" }, "get", "job", "before", "-n", s.name, "-o",
		"jsonpath={.metadata.deletionTimestamp}")
	if now := s.run(stage.Plane.Kubectl(staging), "get", "job", "before", "-n", s.name, "-o", "jsonpath={.metadata.uid}"); now != uid {
		t.Fatalf("the hook ran again: %s, then %s", uid, now)
	}
	s.ok(stage.Capstan.Start(s.ctx))
	s.value(staging, "configmap/config", ".data.value", "1")
	s.operation("hook-restart", "phase", "Succeeded")
	s.gone(staging, "job/before")
	s.remove("hook-restart")
}

func TestAStuckHookIsTerminated(t *testing.T) {
	s := begin(t, "hook-stuck", map[string]string{"app/all.yaml": configMap("config", "1") + "---\n" +
		hookJob("name: before", "argocd.argoproj.io/hook: PreSync", "stage.capstan.dev/pull-error: 'true'")})
	s.apply(s.application("hook-stuck", staging, "app", "{syncOptions: [CreateNamespace=true]}"))
	s.status("hook-stuck", "OutOfSync/Missing")
	_, err := s.hub.Input(s.ctx, "{}", "create", "--raw", syncPath+"hook-stuck/sync", "-f", "-")
	s.ok(err)
	s.operation("hook-stuck", "message", "waiting for completion of hook")
	_, err = s.hub.Input(s.ctx, "{}", "create", "--raw", syncPath+"hook-stuck/terminate", "-f", "-")
	s.ok(err)
	s.operation("hook-stuck", "phase", "Failed")
	s.operation("hook-stuck", "message", "Operation terminated")
	s.gone(staging, "job/before")
	s.until(s.hub, plane.Prints(""), "get", "application", "hook-stuck", "-n", argocd, "-o", "jsonpath={.operation}")
	s.remove("hook-stuck")
}
