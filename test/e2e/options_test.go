// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

const podSpec = `template: {metadata: {labels: {a: b}, annotations: {%s}}, spec: {containers: [{name: c, image: "nginx:1"}]}}`

func deployment(name, annotations, stage string) string {
	return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: " + name + ", annotations: {" + annotations + "}}, " +
		"spec: {selector: {matchLabels: {a: b}}, " + strings.Replace(podSpec, "%s", stage, 1) + "}}\n---\n"
}

func TestWavesWaitForHealthAndPruneInReverse(t *testing.T) {
	t.Parallel()
	s := begin(t, "waves", map[string]string{
		"app/a.yaml": deployment("first", "", "stage.capstan.dev/ready-after: 3s"),
		"app/b.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: second, annotations: {argocd.argoproj.io/sync-wave: '1'}}}",
	})
	s.Apply(s.Application("waves", staging, "app", ""))
	s.operation("waves", "message", "waiting for healthy state of apps/Deployment/first")
	s.Gone(staging, "configmap/second")
	s.operation("waves", "phase", "Succeeded")
	s.Status("waves", "Synced/Healthy")
	ready := s.Kubectl(stage.Plane.Kubectl(staging), "get", "deployment", "first", "-n", s.Name, "-o",
		"jsonpath={.status.conditions[?(@.type=='Available')].lastTransitionTime}")
	made := s.Kubectl(stage.Plane.Kubectl(staging), "get", "configmap", "second", "-n", s.Name, "-o", "jsonpath={.metadata.creationTimestamp}")
	if made < ready {
		t.Errorf("the second wave was made at %s, the first was ready at %s", made, ready)
	}
	s.Push(map[string]string{"app/c.yaml": steps.ConfigMap("third", "1")}, "app/a.yaml", "app/b.yaml")
	s.Gone(staging, "deployment/first")
	s.Gone(staging, "configmap/second")
	s.Status("waves", "Synced/Healthy")
	s.Remove("waves")
}

func TestADefinitionComesBeforeItsObjectsInOneSync(t *testing.T) {
	t.Parallel()
	s := begin(t, "definition", map[string]string{"app/all.yaml": `{apiVersion: e2e.capstan.dev/v1, kind: Thing, metadata: {name: one}, spec: {a: b}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: things.e2e.capstan.dev}, spec: {
  group: e2e.capstan.dev, scope: Namespaced, names: {kind: Thing, plural: things, singular: thing},
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}
`})
	s.Apply(s.Application("definition", staging, "app", "{syncOptions: [CreateNamespace=true]}"))
	s.Status("definition", "OutOfSync/Missing")
	_, err := s.Hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"definition/sync", "-f", "-")
	s.OK(err)
	s.operation("definition", "phase", "Succeeded")
	s.Value(staging, "things.e2e.capstan.dev/one", ".spec.a", "b")
	s.Remove("definition")
	s.Kubectl(stage.Plane.Kubectl(staging), "delete", "crd", "things.e2e.capstan.dev")
}

func TestSyncOptions(t *testing.T) {
	t.Parallel()
	job := func(image string) string {
		return `{apiVersion: batch/v1, kind: Job, metadata: {name: forced, annotations: {argocd.argoproj.io/sync-options: "Force=true"}},
  spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "` + image + `"}]}}}}
---
`
	}
	careful := "{apiVersion: v1, kind: ConfigMap, metadata: {name: careful, annotations: {argocd.argoproj.io/sync-options: Prune=confirm}}}\n---\n"
	replaced := "{apiVersion: v1, kind: ConfigMap, metadata: {name: replaced, annotations: {argocd.argoproj.io/sync-options: Replace=true}}, data: {a: %}}\n---\n"
	s := begin(t, "options", map[string]string{
		"app/all.yaml": job("busybox:1") + careful + strings.Replace(replaced, "%", "'1'", 1) + steps.ConfigMap("migrated", "1"),
	})
	there := stage.Plane.Kubectl(staging)
	s.Kubectl(there, "create", "namespace", s.Name)
	_, err := there.Input(s.Context(), "{apiVersion: v1, kind: ConfigMap, metadata: {name: migrated}, data: {value: '0', old: '1'}}",
		"apply", "-n", s.Name, "-f", "-")
	s.OK(err)
	s.Apply(s.Application("options", staging, "app", "{automated: {prune: true, selfHeal: true}}"))
	s.Status("options", "Synced/Healthy")
	s.Value(staging, "configmap/migrated", ".data", `{"value":"1"}`)
	s.Value(staging, "configmap/migrated", `.metadata.annotations.kubectl\.kubernetes\.io/last-applied-configuration`, "")

	s.Kubectl(there, "patch", "configmap", "replaced", "-n", s.Name, "--type=merge", "-p", `{"data":{"foreign":"1"}}`)
	first := s.Kubectl(there, "get", "job", "forced", "-n", s.Name, "-o", "jsonpath={.metadata.uid}")
	s.Push(map[string]string{"app/all.yaml": job("busybox:2") + strings.Replace(replaced, "%", "'2'", 1) + steps.ConfigMap("migrated", "1")})
	s.Value(staging, "job/forced", ".spec.template.spec.containers[0].image", "busybox:2")
	s.Value(staging, "configmap/replaced", ".data", `{"a":"2"}`)
	if again := s.Kubectl(there, "get", "job", "forced", "-n", s.Name, "-o", "jsonpath={.metadata.uid}"); again == first {
		t.Error("the Job with the new image is the old one")
	}
	s.operation("options", "message", "waiting for pruning confirmation of /ConfigMap/careful")
	s.Value(staging, "configmap/careful", ".metadata.name", "careful")
	s.Kubectl(s.Hub, "annotate", "application", "options", "-n", argocd, "argocd.argoproj.io/deletion-approved=2999-01-01T00:00:00Z")
	s.Gone(staging, "configmap/careful")
	s.operation("options", "phase", "Succeeded")
	s.Status("options", "Synced/Healthy")
	s.Remove("options")
}

func TestMetadataOfAManagedNamespaceGoesWithTheSpec(t *testing.T) {
	t.Parallel()
	s := begin(t, "managed", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	policy := func(labels string) string {
		return "{automated: {}, syncOptions: [CreateNamespace=true], managedNamespaceMetadata: {labels: {" + labels + "}}}"
	}
	s.Apply(s.Application("managed", staging, "app", policy("a: '1', b: '2'")))
	s.Status("managed", "Synced/Healthy")
	labels := func(want string) {
		s.Until(stage.Plane.Kubectl(staging), plane.Prints(want), "get", "namespace", s.Name, "-o", "jsonpath={.metadata.labels['a','b']}")
	}
	labels("1 2")
	s.Apply(s.Application("managed", staging, "app", policy("a: '1'")))
	s.Push(map[string]string{"app/config.yaml": steps.ConfigMap("config", "2")})
	labels("1")
	s.Remove("managed")
}

func TestManifestsOfAnOperationAreSyncedInPlaceOfGits(t *testing.T) {
	t.Parallel()
	s := begin(t, "local", map[string]string{"app/config.yaml": steps.ConfigMap("config", "git")})
	s.Apply(s.Application("local", staging, "app", "{syncOptions: [CreateNamespace=true]}"))
	s.Status("local", "OutOfSync/Missing")
	const operation = `{"operation":{"sync":{"manifests":["{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"config\"},\"data\":{\"value\":\"mine\"}}"]}}}`
	s.Kubectl(s.Hub, "patch", "application", "local", "-n", argocd, "--type=merge", "-p", operation)
	s.Value(staging, "configmap/config", ".data.value", "mine")
	s.operation("local", "phase", "Succeeded")
	s.Status("local", "OutOfSync/Healthy")

	s.Kubectl(s.Hub, "patch", "application", "local", "-n", argocd, "--type=merge", "-p", `{"spec":{"syncPolicy":{"automated":{}}}}`)
	s.Value(staging, "configmap/config", ".data.value", "git")
	s.Settled("local")
	s.Kubectl(s.Hub, "patch", "application", "local", "-n", argocd, "--type=merge", "-p", operation)
	s.operation("local", "message", "cannot be synced while spec.syncPolicy.automated is on")
	s.Value(staging, "configmap/config", ".data.value", "git")
	s.Remove("local")
}

func TestTwoApplicationsOfOneObject(t *testing.T) {
	t.Parallel()
	s := begin(t, "shared", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1"), "other/config.yaml": steps.ConfigMap("config", "2")})
	s.Apply(s.Application("shared-a", staging, "app", ""))
	s.Settled("shared-a")
	s.Apply(s.Application("shared-b", staging, "other", "{automated: {prune: true, selfHeal: true}}"))
	s.Condition("shared-b", "SharedResourceWarning", "ConfigMap/config is part of applications shared-a")
	s.Apply(s.Application("shared-b", staging, "other", "{syncOptions: [FailOnSharedResource=true]}"))
	_, err := s.Hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"shared-b/sync", "-f", "-")
	s.OK(err)
	s.operation("shared-b", "message", "Shared resource found")
	s.Remove("shared-b")
	s.Value(staging, "configmap/config", ".data.value", "1")
	s.Remove("shared-a")
}
