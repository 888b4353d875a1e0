// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package neighbour tells how Capstan behaves in a cluster where another product serves kinds
// of the same group-version: Argo Workflows and Argo CD share argoproj.io/v1alpha1.
package neighbour

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/capstan-dev/capstan/test/harness/capstan"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

const (
	crowded   = "crowded"
	workflows = `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: workflows.argoproj.io},
  spec: {group: argoproj.io, scope: Namespaced, names: {kind: Workflow, plural: workflows, singular: workflow, listKind: WorkflowList},
    versions: [{name: v1alpha1, served: true, storage: true,
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}
`
	build = `{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: build, namespace: default}, spec: {entrypoint: main}}
`
)

// story is the cluster, and the server that is to be registered there.
type story struct {
	steps.Steps
	kubectl plane.Kubectl
	server  *capstan.Server
}

// refusal is the line of the server's log that says what it does not register, and why.
func (s *story) refusal() string {
	s.Helper()
	log, err := os.ReadFile(s.server.LogFile())
	s.OK(err)
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "not registering argoproj.io/v1alpha1") && strings.HasSuffix(line, "\n") {
			return line
		}
	}
	return ""
}

// metric waits for the value of a metric by which an alert tells of the refusal.
func (s *story) metric(line string) {
	s.Helper()
	s.Until(s.kubectl, func(out string) bool { return strings.Contains(out, line+"\n") },
		"--server", s.server.URL(), "--insecure-skip-tls-verify", "get", "--raw", "/metrics")
}

// workflowsAreThere reads and writes the objects of the neighbour.
func (s *story) workflowsAreThere() {
	s.Helper()
	if out := s.Kubectl(s.kubectl, "get", "workflows", "-n", "default", "-o", "name"); out != "workflow.argoproj.io/build" {
		s.Errorf("kubectl get workflows prints %q", out)
	}
	s.Kubectl(s.kubectl, "label", "workflow", "build", "-n", "default", "--overwrite", "seen-at="+time.Now().Format("150405.000"))
	if service := s.Kubectl(s.kubectl, "get", "apiservice", "v1alpha1.argoproj.io", "-o", "jsonpath={.spec.service}"); service != "" {
		s.Errorf("argoproj.io/v1alpha1 leads to %s", service)
	}
}

func TestTheKindsOfANeighbourAreNotHidden(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	s := &story{Steps: steps.Steps{T: t}}
	clusters, err := plane.Start(t.Context(), plane.Options{
		Root: root, Dir: filepath.Join(t.TempDir(), "plane"), Clusters: []string{crowded}, Out: t.Output(),
	})
	s.OK(err)
	t.Cleanup(func() { s.OK(clusters.Stop()) })
	s.kubectl = clusters.Kubectl(crowded)
	s.OK(s.kubectl.Apply(t.Context(), workflows))
	s.Kubectl(s.kubectl, "wait", "--for=condition=Established", "crd/workflows.argoproj.io")
	s.Eventually("Workflows can be made", func() bool { return s.kubectl.Apply(t.Context(), build) == nil })

	s.server, err = capstan.Deploy(t.Context(), capstan.Options{
		Root: root, Dir: filepath.Join(t.TempDir(), "capstan"), Plane: clusters, Hub: crowded, Out: t.Output(),
	})
	s.OK(err)
	s.OK(s.server.Launch())
	t.Cleanup(func() { s.OK(s.server.Stop()) })

	// What is in nobody's way is registered.
	s.Until(s.kubectl, func(string) bool { return true }, "get", "clusters.capstan.dev")
	s.metric(`capstan_apiservice_registered{name="v1alpha1.argoproj.io"} 0`)
	s.workflowsAreThere()
	s.Eventually("the refusal is logged", func() bool { return s.refusal() != "" })
	if refusal := s.refusal(); !strings.Contains(refusal, "workflows.argoproj.io") {
		t.Errorf("the refusal does not name the CRD that is in the way: %s", refusal)
	}

	// Capstan goes on looking.
	s.Kubectl(s.kubectl, "delete", "crd", "workflows.argoproj.io")
	ctx, cancel := context.WithTimeout(t.Context(), steps.Patience)
	defer cancel()
	s.OK(s.server.Available(ctx))
	s.metric(`capstan_apiservice_registered{name="v1alpha1.argoproj.io"} 1`)
	s.Until(s.kubectl, func(out string) bool { return strings.Contains(out, "selfHeal") }, "explain", "application.spec.syncPolicy.automated")
}
