// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strings"
	"testing"
)

// smoke is a template that is measured by a Job, which succeeds or fails.
func (s *story) smoke(fails bool) string {
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: smoke, namespace: %s}
spec:
  args: [{name: revision}]
  metrics:
  - name: job
    provider:
      job:
        spec:
          backoffLimit: 0
          template:
            metadata: {annotations: {stage.capstan.dev/fail: "%t"}}
            spec:
              restartPolicy: Never
              containers: [{name: smoke, image: "example.com/smoke:1", args: ["{{args.revision}}"]}]
`, s.namespace, fails)
}

func TestAnAnalysisByAJobDecides(t *testing.T) {
	t.Parallel()
	s := begin(t, "analysed")
	const strategy = `canary: {steps: [{setWeight: 50},
  {analysis: {templates: [{templateName: smoke}], args: [{name: revision, valueFrom: {podTemplateHashValue: Latest}}]}}]}`
	s.apply(s.rollout("v1", 2, strategy))
	s.until("{.status.phase}", "Degraded")
	if got := s.get("{.status.message}"); !strings.Contains(got, "spec.strategy.canary.steps[1].analysis") {
		t.Errorf("message %q does not name the analysis whose template is missing", got)
	}
	s.apply(s.smoke(false))
	s.at("Healthy", 2)
	s.apply(s.rollout("v2", 2, strategy))
	s.at("Healthy", 2)
	s.pods("v2", 2)
	s.apply(s.smoke(true))
	s.apply(s.rollout("v3", 2, strategy))
	s.until("{.status.phase}", "Degraded")
	want := "RolloutAborted: Rollout aborted update to revision 3: Step-based analysis phase error/failed: "
	if got := s.get("{.status.message}"); !strings.HasPrefix(got, want) {
		t.Errorf("message %q, want %q and why", got, want)
	}
	s.pods("v3", 0)
	s.pods("v2", 2)
	args := s.Kubectl(s.hub, "get", "jobs", "-n", s.namespace, "-o",
		"jsonpath={.items[*].spec.template.spec.containers[0].args[0]}")
	if hash := s.get("{.status.currentPodHash}"); !strings.Contains(args, hash) {
		t.Errorf("the Jobs were given %q, want the pod template hash %s among them", args, hash)
	}
}
