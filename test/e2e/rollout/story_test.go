// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// story is one story of a Rollout that is called guestbook, in a namespace of its own.
type story struct {
	steps.Steps
	namespace string
	hub       plane.Kubectl
}

// begin starts a story in a new namespace.
func begin(t *testing.T, namespace string) *story {
	t.Helper()
	s := &story{Steps: steps.Steps{T: t}, namespace: namespace, hub: stage.Hub()}
	s.Kubectl(s.hub, "create", "namespace", namespace)
	return s
}

// rollout is the manifest of the Rollout with an image of a version.
func (s *story) rollout(version string, replicas int, strategy string) string {
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: guestbook, namespace: %s}
spec:
  replicas: %d
  selector: {matchLabels: {app: guestbook}}
  template:
    metadata: {labels: {app: guestbook}}
    spec: {containers: [{name: guestbook, image: "example.com/guestbook:%s", ports: [{containerPort: 8080}]}]}
  strategy:
    %s
`, s.namespace, replicas, version, strings.ReplaceAll(strings.TrimSpace(strategy), "\n", "\n    "))
}

// service is the manifest of a Service of the Rollout's pods.
func (s *story) service(name string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %s, namespace: %s}
spec: {selector: {app: guestbook}, ports: [{port: 80, targetPort: 8080}]}
---
`, name, s.namespace)
}

// apply applies manifests.
func (s *story) apply(manifests string) {
	s.Helper()
	s.OK(s.hub.Apply(s.Context(), manifests))
}

// get prints a field of the Rollout.
func (s *story) get(jsonpath string) string {
	s.Helper()
	return s.Kubectl(s.hub, "get", "rollout", "guestbook", "-n", s.namespace, "-o", "jsonpath="+jsonpath)
}

// until waits until a field of the Rollout has a value.
func (s *story) until(jsonpath, want string) {
	s.Helper()
	s.Until(s.hub, plane.Prints(want), "get", "rollout", "guestbook", "-n", s.namespace, "-o", "jsonpath="+jsonpath)
}

// at waits until the Rollout is in a phase at a step.
func (s *story) at(phase string, step int) {
	s.Helper()
	s.until("{.status.phase}/{.status.currentStepIndex}", fmt.Sprintf("%s/%d", phase, step))
}

// pods waits until that many pods run an image of a version.
func (s *story) pods(version string, count int) {
	s.Helper()
	image := "example.com/guestbook:" + version
	s.Until(s.hub, func(out string) bool { return strings.Count(out, image) == count },
		"get", "pods", "-n", s.namespace, "-l", "app=guestbook",
		"-o", "jsonpath={range .items[*]}{.spec.containers[0].image} {end}")
}

// patch patches what the peer's kubectl plugin patches: the status.
func (s *story) patch(status string) {
	s.Helper()
	s.Kubectl(s.hub, "patch", "rollout", "guestbook", "-n", s.namespace, "--subresource=status", "--type=merge",
		"-p", `{"status":`+status+`}`)
}
