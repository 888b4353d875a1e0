// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
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
	s.Until(s.Hub, func(out string) bool { return strings.Contains(out, want) }, "get", "application", name, "-n", argocd, "-o",
		"jsonpath={.status.operationState."+path+"}")
}

func TestHooksRunAroundASync(t *testing.T) {
	t.Parallel()
	s := begin(t, "hooks", map[string]string{"app/all.yaml": steps.ConfigMap("config", "1") + "---\n" +
		hookJob("name: before", "argocd.argoproj.io/hook: PreSync", "") +
		hookJob("generateName: after-", "argocd.argoproj.io/hook: PostSync, argocd.argoproj.io/hook-delete-policy: HookSucceeded", "") +
		hookJob("name: sorry", "argocd.argoproj.io/hook: SyncFail", "") +
		hookJob("name: never", "argocd.argoproj.io/hook: Skip", "")})
	s.Apply(s.Application("hooks", staging, "app", ""))
	s.operation("hooks", "phase", "Succeeded")
	s.Status("hooks", "Synced/Healthy")
	s.Value(staging, "configmap/config", ".data.value", "1")
	s.Value(staging, "job/before", ".status.succeeded", "1")
	s.Value(staging, "job/before", ".metadata.finalizers", "")
	s.operation("hooks", "syncResult.resources[*]['hookType', 'hookPhase']", "PreSync PostSync Succeeded")
	s.Until(stage.Plane.Kubectl(staging), func(out string) bool { return !strings.Contains(out, "after-") }, "get", "jobs", "-n", s.Name, "-o", "name")
	if out := s.Kubectl(stage.Plane.Kubectl(staging), "get", "jobs", "-n", s.Name, "-o", "name"); out != "job.batch/before" {
		t.Errorf("these hooks are left: %s", out)
	}
	first := s.Kubectl(stage.Plane.Kubectl(staging), "get", "job", "before", "-n", s.Name, "-o", "jsonpath={.metadata.uid}")

	s.Push(map[string]string{"app/more.yaml": steps.ConfigMap("more", "1")})
	s.Value(staging, "configmap/more", ".data.value", "1")
	s.Status("hooks", "Synced/Healthy")
	if again := s.Kubectl(stage.Plane.Kubectl(staging), "get", "job", "before", "-n", s.Name, "-o", "jsonpath={.metadata.uid}"); again == first {
		t.Error("the PreSync hook did not run for the second commit")
	}
	runs := s.Kubectl(s.Hub, "get", "syncruns", "-n", argocd, "--field-selector", "spec.application.name=hooks", "-o",
		"jsonpath={.items[*].status.resources[*].hookType}")
	if !strings.Contains(runs, "PreSync") || !strings.Contains(runs, "PostSync") {
		t.Errorf("the records of the syncs name the hooks %q", runs)
	}
	s.Remove("hooks")
	s.Gone(staging, "jobs")
}

func TestAFailedHookStopsASyncAndAFixGoesThrough(t *testing.T) {
	t.Parallel()
	s := begin(t, "hook-fails", map[string]string{"app/all.yaml": steps.ConfigMap("config", "1") + "---\n" +
		hookJob("name: before", "argocd.argoproj.io/hook: PreSync", "stage.capstan.dev/fail: 'true'") +
		hookJob("name: sorry", "argocd.argoproj.io/hook: SyncFail", "")})
	s.Apply(s.Application("hook-fails", staging, "app", ""))
	s.operation("hook-fails", "message", "Retrying attempt #1")
	s.Value(staging, "job/sorry", ".status.succeeded", "1")
	s.Gone(staging, "configmap/config")
	s.Push(map[string]string{"app/all.yaml": steps.ConfigMap("config", "1") + "---\n" +
		hookJob("name: before", "argocd.argoproj.io/hook: PreSync", "")})
	s.Value(staging, "configmap/config", ".data.value", "1")
	s.operation("hook-fails", "phase", "Succeeded")
	s.Remove("hook-fails")
}

func TestAHookSurvivesARestartAndItsOwnDeletion(t *testing.T) {
	s := begin(t, "hook-restart", map[string]string{"app/all.yaml": steps.ConfigMap("config", "1") + "---\n" +
		strings.Replace(hookJob("name: before", "argocd.argoproj.io/hook: PreSync", "stage.capstan.dev/complete-after: 6s"),
			"backoffLimit: 0,", "backoffLimit: 0, ttlSecondsAfterFinished: 0,", 1)})
	s.Apply(s.Application("hook-restart", staging, "app", ""))
	s.operation("hook-restart", "message", "waiting for completion of hook batch/Job/before")
	uid := s.Kubectl(stage.Plane.Kubectl(staging), "get", "job", "before", "-n", s.Name, "-o", "jsonpath={.metadata.uid}")
	s.OK(stage.Capstan.Stop())
	s.Until(stage.Plane.Kubectl(staging), func(out string) bool { return out != "" }, "get", "job", "before", "-n", s.Name, "-o",
		"jsonpath={.metadata.deletionTimestamp}")
	if now := s.Kubectl(stage.Plane.Kubectl(staging), "get", "job", "before", "-n", s.Name, "-o", "jsonpath={.metadata.uid}"); now != uid {
		t.Fatalf("the hook ran again: %s, then %s", uid, now)
	}
	s.OK(stage.Capstan.Start(s.Context()))
	s.Value(staging, "configmap/config", ".data.value", "1")
	s.operation("hook-restart", "phase", "Succeeded")
	s.Gone(staging, "job/before")
	s.Remove("hook-restart")
}

func TestAStuckHookIsTerminated(t *testing.T) {
	t.Parallel()
	s := begin(t, "hook-stuck", map[string]string{"app/all.yaml": steps.ConfigMap("config", "1") + "---\n" +
		hookJob("name: before", "argocd.argoproj.io/hook: PreSync", "stage.capstan.dev/pull-error: 'true'")})
	s.Apply(s.Application("hook-stuck", staging, "app", "{syncOptions: [CreateNamespace=true]}"))
	s.Status("hook-stuck", "OutOfSync/Missing")
	_, err := s.Hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"hook-stuck/sync", "-f", "-")
	s.OK(err)
	s.operation("hook-stuck", "message", "waiting for completion of hook")
	_, err = s.Hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"hook-stuck/terminate", "-f", "-")
	s.OK(err)
	s.operation("hook-stuck", "phase", "Failed")
	s.operation("hook-stuck", "message", "Operation terminated")
	s.Gone(staging, "job/before")
	s.Until(s.Hub, plane.Prints(""), "get", "application", "hook-stuck", "-n", argocd, "-o", "jsonpath={.operation}")
	s.Remove("hook-stuck")
}

func TestHooksRunAroundADeletion(t *testing.T) {
	t.Parallel()
	s := begin(t, "farewell", map[string]string{"app/all.yaml": steps.ConfigMap("config", "1") + "---\n" +
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: last, annotations: {argocd.argoproj.io/sync-wave: '5'}}}\n---\n" +
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: kept, annotations: {argocd.argoproj.io/sync-options: Delete=false}}}\n---\n" +
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: asked, annotations: {argocd.argoproj.io/sync-options: Delete=confirm}}}\n---\n" +
		hookJob("name: before", "argocd.argoproj.io/hook: PreDelete", "stage.capstan.dev/complete-after: 3s") +
		hookJob("name: after", "helm.sh/hook: post-delete", "stage.capstan.dev/complete-after: 2s")})
	there := stage.Plane.Kubectl(staging)
	s.Apply(s.Application("farewell", staging, "app", ""))
	s.Settled("farewell")
	s.Until(s.Hub, func(out string) bool {
		return strings.Contains(out, "pre-delete-finalizer.argocd.argoproj.io/cleanup") && strings.Contains(out, `"post-delete-finalizer.argocd.argoproj.io"`)
	}, "get", "application", "farewell", "-n", argocd, "-o", "jsonpath={.metadata.finalizers}")
	s.Gone(staging, "job/before")

	s.Kubectl(s.Hub, "delete", "application", "farewell", "-n", argocd, "--wait=false")
	s.Until(there, plane.Prints("job.batch/before"), "get", "jobs", "-n", s.Name, "-o", "name")
	s.Value(staging, "configmap/config", ".data.value", "1")
	s.Condition("farewell", "DeletionError", "ConfigMap asked waits for a person")
	s.Kubectl(s.Hub, "annotate", "application", "farewell", "-n", argocd, "argocd.argoproj.io/deletion-approved=2999-01-01T00:00:00Z")
	s.Until(there, func(out string) bool { return strings.Contains(out, "job.batch/after") }, "get", "jobs", "-n", s.Name, "-o", "name")
	s.Gone(staging, "configmap/config")
	s.Until(s.Hub, plane.Prints(""), "get", "application", "farewell", "-n", argocd, "--ignore-not-found", "-o", "name")
	s.Gone(staging, "jobs")
	if out := s.Kubectl(there, "get", "configmaps", "-n", s.Name, "-l", "capstan.dev/managed=true", "-o", "name"); out != "configmap/kept" {
		t.Errorf("the deletion left %s", out)
	}
}

func TestADeletionThatCannotGoOnSaysWhatHelps(t *testing.T) {
	t.Parallel()
	s := begin(t, "orphan", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	s.Apply(`{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: orphan, namespace: argocd},
  spec: {sourceRepos: ["*"], destinations: [{server: "*", namespace: "*"}]}}
`)
	s.Apply(strings.Replace(s.Application("orphan", staging, "app", ""), "project: default", "project: orphan", 1))
	s.Settled("orphan")
	s.Kubectl(s.Hub, "patch", "appproject", "orphan", "-n", argocd, "--type=merge", "-p", `{"spec":{"destinations":[]}}`)
	s.Kubectl(s.Hub, "delete", "application", "orphan", "-n", argocd, "--wait=false")
	s.Condition("orphan", "DeletionError", "remove the finalizer resources-finalizer.argocd.argoproj.io")
	s.Kubectl(s.Hub, "patch", "application", "orphan", "-n", argocd, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	s.Until(s.Hub, plane.Prints(""), "get", "application", "orphan", "-n", argocd, "--ignore-not-found", "-o", "name")
	s.Value(staging, "configmap/config", ".data.value", "1")
	s.Kubectl(s.Hub, "delete", "appproject", "orphan", "-n", argocd)
}
