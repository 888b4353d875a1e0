// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

// deployment is the manifest of a Deployment that runs the guestbook without a Rollout.
func (s *story) deployment(version string, replicas int) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: guestbook, namespace: %s}
spec:
  replicas: %d
  selector: {matchLabels: {app: guestbook}}
  template:
    metadata: {labels: {app: guestbook}}
    spec: {containers: [{name: guestbook, image: "example.com/guestbook:%s", ports: [{containerPort: 8080}]}]}
`, s.namespace, replicas, version)
}

// replicas waits until the Deployment asks for so many pods.
func (s *story) replicas(count int) {
	s.Helper()
	s.Until(s.hub, plane.Prints(fmt.Sprint(count)),
		"get", "deployment", "guestbook", "-n", s.namespace, "-o", "jsonpath={.spec.replicas}")
}

// A Rollout that is there before its Deployment waits for it, takes its pods over, and updates them step by step when
// somebody sets an image there.
func TestADeploymentBecomesARollout(t *testing.T) {
	t.Parallel()
	s := begin(t, "migration")
	s.apply(fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: guestbook, namespace: %s}
spec:
  replicas: 4
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: guestbook, scaleDown: onsuccess}
  strategy: {canary: {steps: [{setWeight: 25}, {pause: {}}]}}
`, s.namespace))
	s.until("{.status.phase}/{.status.conditions[?(@.type==\"InvalidSpec\")].message}",
		`Degraded/The Rollout "guestbook" is invalid: spec.workloadRef.name: Invalid value: "guestbook": `+
			`Deployment "guestbook" not found: create it`)
	s.apply(s.deployment("v1", 4))
	s.at("Healthy", 2)
	s.replicas(0)
	s.pods("v1", 4)
	s.Kubectl(s.hub, "set", "image", "deployment/guestbook", "guestbook=example.com/guestbook:v2", "-n", s.namespace)
	s.at("Paused", 1)
	s.pods("v2", 1)
	s.pods("v1", 3)
	generation := s.Kubectl(s.hub, "get", "deployment", "guestbook", "-n", s.namespace, "-o", "jsonpath={.metadata.generation}")
	s.until(`{.status.workloadObservedGeneration}/{.metadata.annotations.rollout\.argoproj\.io/workload-generation}`,
		generation+"/"+generation)
	out, err := s.hub.Input(t.Context(), "{}", "create", "--raw",
		"/apis/argoproj.io/v1alpha1/namespaces/"+s.namespace+"/rollouts/guestbook/undo", "-f", "-")
	if err == nil || !strings.Contains(err.Error(), "its pod template is that of Deployment guestbook: go back there") {
		t.Errorf("undo printed %q and failed with %v, want it refused", out, err)
	}
	s.patch(`{"pauseConditions":null}`)
	s.at("Healthy", 2)
	s.pods("v2", 4)
	s.pods("v1", 0)
	s.Kubectl(s.hub, "rollout", "undo", "deployment/guestbook", "-n", s.namespace)
	s.at("Paused", 1)
	s.pods("v1", 1)
	s.patch(`{"abort":true}`)
	s.at("Degraded", 0)
	s.pods("v2", 4)
	s.pods("v1", 0)
	s.replicas(0)
}
