// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/world"
)

// fleetSet is an ApplicationSet that deploys one folder to every registered cluster.
func (s *story) fleetSet() string {
	return fmt.Sprintf(`apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  generators: [{clusters: {}}]
  template:
    metadata: {name: '{{name}}-%[1]s', finalizers: [resources-finalizer.argocd.argoproj.io]}
    spec:
      project: default
      source: {repoURL: %[3]q, path: app, targetRevision: HEAD}
      destination: {server: '{{server}}', namespace: %[1]s}
      syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true]}
`, s.Name, argocd, s.Repo.URL())
}

// fleetRollout is a canary that waits for a person, between two Services.
func fleetRollout(version string) string {
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "example.com/web:%s"}]}}
  strategy: {canary: {canaryService: canary, stableService: stable, steps: [{setWeight: 50}, {pause: {}}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: canary}, spec: {selector: {app: web}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: stable}, spec: {selector: {app: web}, ports: [{port: 80}]}}
`, version)
}

// runs waits until that many pods in a cluster run each version of the image.
func (s *story) runs(cluster string, versions map[string]int) {
	s.Helper()
	counted := func(out string) bool {
		seen := map[string]int{}
		for image := range strings.FieldsSeq(out) {
			seen[strings.TrimPrefix(image, "example.com/web:")]++
		}
		return maps.Equal(seen, versions)
	}
	s.Until(stage.Plane.Kubectl(cluster), counted, "get", "pods", "-n", s.Name, "-l", "app=web", "-o",
		"jsonpath={range .items[*]}{.spec.containers[0].image} {end}")
}

// branch counts what the tree of an Application shows below a Rollout: its ReplicaSets, and the pods of an image.
func (s *story) branch(app, rollout, image string) (sets, pods int) {
	s.Helper()
	tree := s.tree(app)
	for _, node := range tree.Nodes {
		for _, parent := range node.ParentRefs {
			switch {
			case node.Kind == "ReplicaSet" && parent.Kind == "Rollout" && parent.Name == rollout:
				sets++
			case node.Kind == "Pod" && parent.Kind == "ReplicaSet" && len(node.Images) == 1 && node.Images[0] == image:
				pods++
			}
		}
	}
	if len(tree.Unread) > 0 {
		s.Errorf("of the tree of %s was not read: %+v", app, tree.Unread)
	}
	return sets, pods
}

// One ApplicationSet gives every cluster a canary of its own, and in the two that do not serve Rollouts nothing is
// installed.
func TestOneApplicationSetGivesEveryClusterItsCanary(t *testing.T) {
	s := begin(t, "fleet", map[string]string{"app/web.yaml": fleetRollout("v1")})
	rollouts := map[string]string{world.Hub: "web", staging: "web.staging", production: "web.production"}
	apps := map[string]string{world.Hub: "in-cluster-fleet", staging: "staging-fleet", production: "production-fleet"}
	s.Apply(s.fleetSet())
	for cluster, app := range apps {
		s.Settled(app)
		s.runs(cluster, map[string]int{"v1": 2})
	}

	s.Push(map[string]string{"app/web.yaml": fleetRollout("v2")})
	for cluster, app := range apps {
		s.Value(world.Hub, "rollout/"+rollouts[cluster], ".status.phase", "Paused")
		s.Status(app, "Synced/Suspended")
		s.runs(cluster, map[string]int{"v1": 1, "v2": 1})
		if sets, pods := s.branch(app, rollouts[cluster], "example.com/web:v2"); sets != 2 || pods != 1 {
			t.Errorf("the tree of %s shows %d ReplicaSets and %d new pods, want 2 and 1", app, sets, pods)
		}
	}

	// A person lets one of them go on; the others wait.
	_, err := s.Hub.Input(s.Context(), `{"currentStepIndex":1}`, "create", "--raw",
		"/apis/argoproj.io/v1alpha1/namespaces/fleet/rollouts/web.staging/promote", "-f", "-")
	s.OK(err)
	s.Status(apps[staging], "Synced/Healthy")
	s.runs(staging, map[string]int{"v2": 2})
	for _, cluster := range []string{world.Hub, production} {
		s.Status(apps[cluster], "Synced/Suspended")
		s.runs(cluster, map[string]int{"v1": 1, "v2": 1})
		s.Value(world.Hub, "rollout/"+rollouts[cluster], ".status.currentStepIndex", "1")
	}

	// Another is taken back.
	_, err = s.Hub.Input(s.Context(), `{}`, "create", "--raw",
		"/apis/argoproj.io/v1alpha1/namespaces/fleet/rollouts/web.production/abort", "-f", "-")
	s.OK(err)
	s.Status(apps[production], "Synced/Degraded")
	s.runs(production, map[string]int{"v1": 2})

	s.Kubectl(s.Hub, "delete", "applicationset", s.Name, "-n", argocd, "--timeout", "90s")
	for cluster, app := range apps {
		s.Until(s.Hub, plane.Prints(""), "get", "application", app, "-n", argocd, "--ignore-not-found", "-o", "name")
		s.Gone(world.Hub, "rollout/"+rollouts[cluster])
		s.Until(stage.Plane.Kubectl(cluster), plane.Prints(""), "get", "replicasets,pods,services", "-n", s.Name, "-o", "name")
	}
}
