// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"strings"
	"testing"
	"time"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

const waiting = `canary: {steps: [{setWeight: 25}, {pause: {}}, {setWeight: 75}, {pause: {}}]}`

// What the peer's kubectl plugin does to promote, to abort and to retry.
func TestPeopleDecideAsWithThePlugin(t *testing.T) {
	t.Parallel()
	s := begin(t, "people")
	s.apply(s.rollout("v1", 4, waiting))
	s.at("Healthy", 4)
	s.apply(s.rollout("v2", 4, waiting))
	s.at("Paused", 1)
	s.pods("v2", 1)
	s.patch(`{"abort":true}`)
	s.until("{.status.phase}", "Degraded")
	s.pods("v2", 0)
	s.pods("v1", 4)
	s.patch(`{"abort":false}`)
	s.at("Paused", 1)
	s.patch(`{"pauseConditions":null,"currentStepIndex":2}`)
	s.at("Paused", 3)
	s.pods("v2", 3)
	s.patch(`{"promoteFull":true}`)
	s.at("Healthy", 4)
	s.pods("v2", 4)
}

func TestASpecThatCannotBeCarriedOutIsAdmittedAndSaid(t *testing.T) {
	t.Parallel()
	s := begin(t, "invalid")
	manifest := s.rollout("v1", 1, "blueGreen: {activeService: active}")
	s.apply(manifest)
	s.until("{.status.phase}", "Degraded")
	want := `The Rollout "guestbook" is invalid: spec.strategy.blueGreen.activeService: Invalid value: "active": ` +
		`service "active" not found`
	if got := s.get(`{.status.conditions[?(@.type=="InvalidSpec")].message}`); got != want {
		t.Errorf("condition %q, want %q", got, want)
	}
	s.apply(s.service("active"))
	s.until("{.status.phase}", "Healthy")
	s.apply(strings.Replace(manifest, "name: guestbook, image", "name: Guest_Book, image", 1))
	s.until("{.status.phase}", "Degraded")
	if got := s.get("{.status.message}"); !strings.Contains(got, "spec.template.spec.containers[0].name") {
		t.Errorf("message %q does not name the field", got)
	}
	s.apply(manifest)
	s.until("{.status.phase}", "Healthy")
}

// The cluster adds its defaults to a template, and clients write one in different ways: neither is a new revision.
func TestATemplateThatIsWrittenDifferentlyIsNoNewRevision(t *testing.T) {
	t.Parallel()
	s := begin(t, "written")
	manifest := s.rollout("v1", 2, "canary: {}")
	s.apply(manifest)
	s.until("{.status.phase}", "Healthy")
	template := s.Kubectl(s.hub, "get", "replicasets", "-n", s.namespace, "-o", "jsonpath={.items[0].spec.template}")
	s.Kubectl(s.hub, "patch", "rollout", "guestbook", "-n", s.namespace, "--type=json",
		"-p", `[{"op":"replace","path":"/spec/template","value":`+template+`}]`)
	s.until("{.status.observedGeneration}/{.status.phase}", "2/Healthy")
	s.apply(strings.Replace(manifest, "ports: [{containerPort: 8080}]", "ports: [{containerPort: 8080, protocol: TCP}]", 1))
	s.Until(s.hub, func(out string) bool {
		fields := strings.Split(out, "/")
		return fields[0] == fields[1] && fields[2] == "Healthy"
	}, "get", "rollout", "guestbook", "-n", s.namespace, "-o",
		"jsonpath={.metadata.generation}/{.status.observedGeneration}/{.status.phase}")
	if sets := s.Kubectl(s.hub, "get", "replicasets", "-n", s.namespace, "-o", "name"); strings.Count(sets, "replicaset.apps/") != 1 {
		t.Errorf("there are ReplicaSets of several revisions:\n%s", sets)
	}
}

func TestARestartReplacesEveryPod(t *testing.T) {
	t.Parallel()
	s := begin(t, "restart")
	s.apply(s.rollout("v1", 2, "canary: {}"))
	s.until("{.status.phase}", "Healthy")
	before := s.Kubectl(s.hub, "get", "pods", "-n", s.namespace, "-o", "jsonpath={.items[*].metadata.name}")
	// Times in the API are of whole seconds: a pod of this second is not older than a restart in this second.
	at := time.Now().Add(2 * time.Second).UTC().Format(time.RFC3339)
	s.Kubectl(s.hub, "patch", "rollout", "guestbook", "-n", s.namespace, "--type=merge", "-p", `{"spec":{"restartAt":"`+at+`"}}`)
	s.Until(s.hub, plane.Prints(at), "get", "rollout", "guestbook", "-n", s.namespace, "-o", "jsonpath={.status.restartedAt}")
	after := s.Kubectl(s.hub, "get", "pods", "-n", s.namespace, "-o", "jsonpath={.items[*].metadata.name}")
	for pod := range strings.FieldsSeq(before) {
		if strings.Contains(after, pod) {
			t.Errorf("pod %s is still there", pod)
		}
	}
	s.until("{.status.phase}", "Healthy")
}
