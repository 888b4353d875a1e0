// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

// experiment is the manifest of an Experiment of one template that a Job analyses.
func (s *story) experiment(name string) string {
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Experiment
metadata: {name: %s, namespace: %s}
spec:
  scaleDownDelaySeconds: 1
  templates:
  - name: new
    replicas: 2
    service: {}
    selector: {matchLabels: {app: trial}}
    template:
      metadata: {labels: {app: trial}}
      spec: {containers: [{name: web, image: "example.com/guestbook:trial", ports: [{containerPort: 8080}]}]}
  analyses:
  - {name: smoke, templateName: smoke, requiredForCompletion: true,
     args: [{name: revision, value: "{{templates.new.podTemplateHash}}"}]}
`, name, s.namespace)
}

func TestAnExperimentIsAnalysedByAJobAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := begin(t, "experiment")
	s.apply(s.smoke(false))
	s.apply(s.experiment("good"))
	phase := func(name, want string) {
		t.Helper()
		s.Until(s.hub, plane.Prints(want), "get", "experiment", name, "-n", s.namespace, "-o", "jsonpath={.status.phase}")
	}
	phase("good", "Successful")
	hash := s.Kubectl(s.hub, "get", "experiment", "good", "-n", s.namespace,
		"-o", "jsonpath={.status.templateStatuses[0].podTemplateHash}")
	args := s.Kubectl(s.hub, "get", "jobs", "-n", s.namespace, "-o",
		"jsonpath={.items[*].spec.template.spec.containers[0].args[0]}")
	if hash == "" || args != hash {
		t.Errorf("the Job was given %q, want the pod template hash %q", args, hash)
	}
	s.Until(s.hub, plane.Prints("0"), "get", "replicaset", "good-new", "-n", s.namespace, "-o", "jsonpath={.spec.replicas}")
	s.Until(s.hub, plane.Prints(""), "get", "services", "-n", s.namespace, "-o", "jsonpath={.items[*].metadata.name}")

	s.apply(s.smoke(true))
	s.apply(s.experiment("bad"))
	phase("bad", "Failed")
	s.Kubectl(s.hub, "patch", "experiment", "bad", "-n", s.namespace, "--type=merge", "-p", `{"status":null}`)
	s.Until(s.hub, func(out string) bool { return strings.Contains(out, "bad-smoke.1") },
		"get", "analysisruns", "-n", s.namespace, "-o", "jsonpath={.items[*].metadata.name}")
}

func TestAnExperimentOfAStepDecides(t *testing.T) {
	t.Parallel()
	s := begin(t, "tried")
	const strategy = `canary: {steps: [{setWeight: 50}, {experiment: {
  templates: [{name: old, specRef: stable}, {name: new, specRef: canary}],
  analyses: [{name: smoke, templateName: smoke, requiredForCompletion: true,
    args: [{name: revision, valueFrom: {podTemplateHashValue: Latest}}]}]}}]}`
	s.apply(s.smoke(false))
	s.apply(s.rollout("v1", 2, strategy))
	s.at("Healthy", 2)
	s.apply(s.rollout("v2", 2, strategy))
	s.at("Healthy", 2)
	s.apply(s.smoke(true))
	s.apply(s.rollout("v3", 2, strategy))
	s.until("{.status.phase}", "Degraded")
	want := "RolloutAborted: Rollout aborted update to revision 3: Experiment analysis phase is error/failed: "
	if got := s.get("{.status.message}"); !strings.HasPrefix(got, want) {
		t.Errorf("message %q, want %q and why", got, want)
	}
	phases := s.Kubectl(s.hub, "get", "experiments", "-n", s.namespace, "-o", "jsonpath={.items[*].status.phase}")
	if strings.Count(phases, "Successful") != 1 || strings.Count(phases, "Failed") != 1 {
		t.Errorf("phases %q of the Experiments, want one that is Successful and one that Failed", phases)
	}
	// Nobody but the server says what it found.
	name := s.Kubectl(s.hub, "get", "experiments", "-n", s.namespace, "-o", "jsonpath={.items[0].metadata.name}")
	before := s.Kubectl(s.hub, "get", "experiment", name, "-n", s.namespace, "-o", "jsonpath={.status.phase}")
	s.Kubectl(s.hub, "patch", "experiment", name, "-n", s.namespace, "--type=merge", "-p", `{"status":{"phase":"Running"}}`)
	if after := s.Kubectl(s.hub, "get", "experiment", name, "-n", s.namespace,
		"-o", "jsonpath={.status.phase}"); after != before {
		t.Errorf("a client wrote the phase %s in the place of %s", after, before)
	}
}
