// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

const (
	// shop is the namespace of the Rollout.
	shop = "shop"
	// promote is the path of the action that ends a wait.
	promote = "/apis/argoproj.io/v1alpha1/namespaces/" + shop + "/rollouts/guestbook/promote"
	// analysed is the last part of the steps of a canary that a Job judges.
	analysed = "{analysis: {templates: [{templateName: smoke}]}}"
	// unhurried waits so long that a person comes first.
	unhurried = "{pause: {duration: 10m}}"
)

// canary is the manifest of a Rollout that replaces its pods in steps, with a step in the middle.
func canary(version, middle string) string {
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: guestbook, namespace: %s}
spec:
  replicas: 10
  selector: {matchLabels: {app: guestbook}}
  template:
    metadata: {labels: {app: guestbook}}
    spec: {containers: [{name: guestbook, image: "example.com/guestbook:%s", ports: [{containerPort: 8080}]}]}
  strategy:
    canary:
      steps: [{setWeight: 10}, {pause: {duration: 2s}}, {setWeight: 40}, %s, {setWeight: 100}]
`, shop, version, middle)
}

// smoke is a template of an analysis whose Job fails, as the stage is told to let it.
const smoke = `
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: smoke, namespace: ` + shop + `}
spec:
  metrics:
  - name: smoke
    provider:
      job:
        spec:
          backoffLimit: 0
          template:
            metadata: {annotations: {stage.capstan.dev/fail: "true"}}
            spec: {restartPolicy: Never, containers: [{name: smoke, image: "example.com/smoke:1"}]}
`

// release takes a Rollout through its steps, lets a person end a wait, and lets an analysis take an update back.
func (s *story) release(ctx context.Context) error {
	s.title("A Rollout replaces its pods step by step")
	if _, err := s.world.Hub().Run(ctx, "create", "namespace", shop); err != nil {
		return err
	}
	if err := s.deployed(ctx, canary("v1", unhurried), "Healthy/5"); err != nil {
		return err
	}
	if err := s.deployed(ctx, canary("v2", unhurried), "Paused/1", "Paused/3"); err != nil {
		return err
	}
	s.say("v2 has 40 %% of the pods and waits for ten minutes, or for a person:")
	s.say("$ echo '{\"currentStepIndex\":3}' | kubectl create --raw %s -f -", promote)
	if _, err := s.world.Hub().Input(ctx, `{"currentStepIndex":3}`, "create", "--raw", promote, "-f", "-"); err != nil {
		return err
	}
	if err := s.reaches(ctx, "Healthy/5"); err != nil {
		return err
	}
	s.title("An analysis that fails takes the update back")
	if err := s.deployed(ctx, smoke+"---"+canary("v3", analysed), "Degraded/0"); err != nil {
		return err
	}
	if err := s.serves(ctx, "v2", 10); err != nil {
		return err
	}
	if err := s.show(ctx, "get", "rollout", "guestbook", "-n", shop, "-o", "jsonpath={.status.message}"); err != nil {
		return err
	}
	return s.show(ctx, "get", "analysisruns,replicasets", "-n", shop)
}

// deployed applies manifests and waits for the phases and steps that the Rollout goes through.
func (s *story) deployed(ctx context.Context, manifests string, states ...string) error {
	if err := s.world.Hub().Apply(ctx, manifests); err != nil {
		return err
	}
	for _, state := range states {
		if err := s.reaches(ctx, state); err != nil {
			return err
		}
	}
	return nil
}

// reaches waits until the Rollout is in a phase at a step, and shows it.
func (s *story) reaches(ctx context.Context, state string) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := s.world.Hub().Until(bounded, plane.Prints(state), "get", "rollout", "guestbook", "-n", shop,
		"-o", "jsonpath={.status.phase}/{.status.currentStepIndex}"); err != nil {
		return err
	}
	return s.show(ctx, "get", "rollout", "guestbook", "-n", shop, "-o", "wide", "--no-headers")
}

// serves waits until so many pods of the Rollout, and no others, run a version.
func (s *story) serves(ctx context.Context, version string, count int) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	image := "example.com/guestbook:"
	_, err := s.world.Hub().Until(bounded, func(out string) bool {
		return strings.Count(out, image) == count && strings.Count(out, image+version) == count
	}, "get", "pods", "-n", shop, "-l", "app=guestbook",
		"-o", "jsonpath={range .items[*]}{.spec.containers[0].image} {end}")
	return err
}
