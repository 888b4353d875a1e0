// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

// resident is the manifest of a workload that replaces its own pods, and of a Rollout that drives it by steps.
func (s *story) resident(kind, rest, canary string) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: %[2]s
metadata: {name: guestbook, namespace: %[1]s}
spec:
  %[3]s
  selector: {matchLabels: {app: guestbook}}
  template:
    metadata: {labels: {app: guestbook}}
    spec: {containers: [{name: guestbook, image: "example.com/guestbook:v1", ports: [{containerPort: 8080}]}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: guestbook, namespace: %[1]s}
spec:
  workloadRef: {apiVersion: apps/v1, kind: %[2]s, name: guestbook}
  strategy: {canary: %[4]s}
`, s.namespace, kind, rest, canary)
}

// image gives the workload an image of a version.
func (s *story) image(kind, version string) {
	s.Helper()
	s.Kubectl(s.hub, "set", "image", kind+"/guestbook", "guestbook=example.com/guestbook:"+version, "-n", s.namespace)
}

// partition waits until the StatefulSet has a partition.
func (s *story) partition(want string) {
	s.Helper()
	s.Until(s.hub, plane.Prints(want), "get", "statefulset", "guestbook", "-n", s.namespace,
		"-o", "jsonpath={.spec.updateStrategy.rollingUpdate.partition}")
}

// imageOf waits until a pod runs an image of a version.
func (s *story) imageOf(pod, version string) {
	s.Helper()
	s.Until(s.hub, plane.Prints("example.com/guestbook:"+version), "get", "pod", pod, "-n", s.namespace,
		"-o", "jsonpath={.spec.containers[0].image}")
}

// A StatefulSet keeps its pods, their names and their claims, and goes step by step all the same.
func TestAStatefulSetGoesStepByStep(t *testing.T) {
	s := begin(t, "stateful")
	s.apply(s.service("canary") + s.service("stable") + s.resident("StatefulSet", "replicas: 5\n  serviceName: guestbook",
		"{canaryService: canary, stableService: stable, steps: [{setWeight: 20}, {pause: {}}, {setWeight: 60}, {pause: {}}]}"))
	s.at("Healthy", 4)
	const held = "2147483647"
	s.partition(held)

	s.image("statefulset", "v2")
	s.at("Paused", 1)
	s.pods("v2", 1)
	s.imageOf("guestbook-4", "v2")
	s.partition("4")
	s.selects("canary", "{.status.currentPodHash}")
	s.selects("stable", "{.status.stableRS}")
	s.patch(`{"pauseConditions":null}`)
	s.at("Paused", 3)
	s.pods("v2", 3)
	s.pods("v1", 2)

	s.patch(`{"abort":true}`)
	s.at("Degraded", 0)
	s.pods("v2", 0)
	s.pods("v1", 5)
	s.partition(held)

	s.patch(`{"abort":false}`)
	s.at("Paused", 1)
	s.pods("v2", 1)
	s.patch(`{"pauseConditions":null}`)
	s.at("Paused", 3)
	s.patch(`{"pauseConditions":null}`)
	s.at("Healthy", 4)
	s.pods("v2", 5)
	s.partition(held)
	if sets := s.Kubectl(s.hub, "get", "replicasets", "-n", s.namespace, "-o", "name"); sets != "" {
		t.Errorf("beside the StatefulSet there are %s", sets)
	}

	// Without its Rollout the StatefulSet is as any other.
	s.Kubectl(s.hub, "delete", "rollout", "guestbook", "-n", s.namespace)
	s.partition("0")
	s.image("statefulset", "v3")
	s.pods("v3", 5)
}

// selects waits until a Service selects the revision that a field of the Rollout names.
func (s *story) selects(service, field string) {
	s.Helper()
	s.Until(s.hub, plane.Prints(s.get(field)), "get", "service", service, "-n", s.namespace,
		"-o", `jsonpath={.spec.selector.controller-revision-hash}`)
}

// The control plane has one node. The pod there, the last of the stable revision, stays until the steps are over.
func TestADaemonSetGoesNodeByNodeAndBack(t *testing.T) {
	s := begin(t, "daemons")
	resident := s.resident("DaemonSet", "minReadySeconds: 1", "{steps: [{setWeight: 0}, {pause: {}}, {setWeight: 100}, {pause: {}}]}")
	s.apply(resident)
	s.until(`{.status.phase}/{.status.conditions[?(@.type=="InvalidSpec")].message}`,
		`Degraded/The Rollout "guestbook" is invalid: spec.workloadRef.name: Invalid value: "guestbook": `+
			`DaemonSet "guestbook" has spec.updateStrategy.type RollingUpdate: set it to OnDelete`)
	s.apply(strings.Replace(resident, "minReadySeconds: 1", "updateStrategy: {type: OnDelete}", 1))
	s.at("Healthy", 4)
	s.image("daemonset", "v2")
	s.at("Paused", 1)
	s.pods("v1", 1)
	s.patch(`{"pauseConditions":null}`)
	s.at("Paused", 3)
	s.pods("v1", 1)

	s.patch(`{"abort":true}`)
	s.at("Degraded", 0)
	s.pods("v1", 1)
	s.pods("v2", 0)

	s.patch(`{"abort":false}`)
	s.at("Paused", 1)
	s.pods("v1", 1)
	s.patch(`{"promoteFull":true,"pauseConditions":null}`)
	s.at("Healthy", 4)
	s.pods("v2", 1)
}
