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
	s.Until(s.hub, func(out string) bool { return strings.Contains(out, want) }, "get", "application", name, "-n", argocd, "-o",
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
	s.Until(stage.Plane.Kubectl(staging), func(out string) bool { return !strings.Contains(out, "after-") }, "get", "jobs", "-n", s.name, "-o", "name")
	if out := s.Kubectl(stage.Plane.Kubectl(staging), "get", "jobs", "-n", s.name, "-o", "name"); out != "job.batch/before" {
		t.Errorf("these hooks are left: %s", out)
	}
	first := s.Kubectl(stage.Plane.Kubectl(staging), "get", "job", "before", "-n", s.name, "-o", "jsonpath={.metadata.uid}")

	s.push(map[string]string{"app/more.yaml": configMap("more", "1")})
	s.value(staging, "configmap/more", ".data.value", "1")
	s.status("hooks", "Synced/Healthy")
	if again := s.Kubectl(stage.Plane.Kubectl(staging), "get", "job", "before", "-n", s.name, "-o", "jsonpath={.metadata.uid}"); again == first {
		t.Error("the PreSync hook did not run for the second commit")
	}
	runs := s.Kubectl(s.hub, "get", "syncruns", "-n", argocd, "--field-selector", "spec.application.name=hooks", "-o",
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
	uid := s.Kubectl(stage.Plane.Kubectl(staging), "get", "job", "before", "-n", s.name, "-o", "jsonpath={.metadata.uid}")
	s.OK(stage.Capstan.Stop())
	s.Until(stage.Plane.Kubectl(staging), func(out string) bool { return out != "" }, "get", "job", "before", "-n", s.name, "-o",
		"jsonpath={.metadata.deletionTimestamp}")
	if now := s.Kubectl(stage.Plane.Kubectl(staging), "get", "job", "before", "-n", s.name, "-o", "jsonpath={.metadata.uid}"); now != uid {
		t.Fatalf("the hook ran again: %s, then %s", uid, now)
	}
	s.OK(stage.Capstan.Start(s.Context()))
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
	_, err := s.hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"hook-stuck/sync", "-f", "-")
	s.OK(err)
	s.operation("hook-stuck", "message", "waiting for completion of hook")
	_, err = s.hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"hook-stuck/terminate", "-f", "-")
	s.OK(err)
	s.operation("hook-stuck", "phase", "Failed")
	s.operation("hook-stuck", "message", "Operation terminated")
	s.gone(staging, "job/before")
	s.Until(s.hub, plane.Prints(""), "get", "application", "hook-stuck", "-n", argocd, "-o", "jsonpath={.operation}")
	s.remove("hook-stuck")
}

func TestHooksRunAroundADeletion(t *testing.T) {
	s := begin(t, "farewell", map[string]string{"app/all.yaml": configMap("config", "1") + "---\n" +
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: last, annotations: {argocd.argoproj.io/sync-wave: '5'}}}\n---\n" +
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: kept, annotations: {argocd.argoproj.io/sync-options: Delete=false}}}\n---\n" +
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: asked, annotations: {argocd.argoproj.io/sync-options: Delete=confirm}}}\n---\n" +
		hookJob("name: before", "argocd.argoproj.io/hook: PreDelete", "stage.capstan.dev/complete-after: 3s") +
		hookJob("name: after", "helm.sh/hook: post-delete", "stage.capstan.dev/complete-after: 2s")})
	there := stage.Plane.Kubectl(staging)
	s.apply(s.application("farewell", staging, "app", ""))
	s.settled("farewell")
	s.Until(s.hub, func(out string) bool {
		return strings.Contains(out, "pre-delete-finalizer.argocd.argoproj.io/cleanup") && strings.Contains(out, `"post-delete-finalizer.argocd.argoproj.io"`)
	}, "get", "application", "farewell", "-n", argocd, "-o", "jsonpath={.metadata.finalizers}")
	s.gone(staging, "job/before")

	s.Kubectl(s.hub, "delete", "application", "farewell", "-n", argocd, "--wait=false")
	s.Until(there, plane.Prints("job.batch/before"), "get", "jobs", "-n", s.name, "-o", "name")
	s.value(staging, "configmap/config", ".data.value", "1")
	s.condition("farewell", "DeletionError", "ConfigMap asked waits for a person")
	s.Kubectl(s.hub, "annotate", "application", "farewell", "-n", argocd, "argocd.argoproj.io/deletion-approved=2999-01-01T00:00:00Z")
	s.Until(there, func(out string) bool { return strings.Contains(out, "job.batch/after") }, "get", "jobs", "-n", s.name, "-o", "name")
	s.gone(staging, "configmap/config")
	s.Until(s.hub, plane.Prints(""), "get", "application", "farewell", "-n", argocd, "--ignore-not-found", "-o", "name")
	s.gone(staging, "jobs")
	if out := s.Kubectl(there, "get", "configmaps", "-n", s.name, "-l", "capstan.dev/managed=true", "-o", "name"); out != "configmap/kept" {
		t.Errorf("the deletion left %s", out)
	}
}

func TestADeletionThatCannotGoOnSaysWhatHelps(t *testing.T) {
	s := begin(t, "orphan", map[string]string{"app/config.yaml": configMap("config", "1")})
	s.apply(`{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: orphan, namespace: argocd},
  spec: {sourceRepos: ["*"], destinations: [{server: "*", namespace: "*"}]}}
`)
	s.apply(strings.Replace(s.application("orphan", staging, "app", ""), "project: default", "project: orphan", 1))
	s.settled("orphan")
	s.Kubectl(s.hub, "patch", "appproject", "orphan", "-n", argocd, "--type=merge", "-p", `{"spec":{"destinations":[]}}`)
	s.Kubectl(s.hub, "delete", "application", "orphan", "-n", argocd, "--wait=false")
	s.condition("orphan", "DeletionError", "remove the finalizer resources-finalizer.argocd.argoproj.io")
	s.Kubectl(s.hub, "patch", "application", "orphan", "-n", argocd, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	s.Until(s.hub, plane.Prints(""), "get", "application", "orphan", "-n", argocd, "--ignore-not-found", "-o", "name")
	s.value(staging, "configmap/config", ".data.value", "1")
	s.Kubectl(s.hub, "delete", "appproject", "orphan", "-n", argocd)
}
