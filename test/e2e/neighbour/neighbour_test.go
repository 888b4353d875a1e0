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
)

const (
	crowded  = "crowded"
	patience = 90 * time.Second

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
	*testing.T
	kubectl plane.Kubectl
	server  *capstan.Server
}

func (s *story) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *story) run(args ...string) string {
	s.Helper()
	out, err := s.kubectl.Run(s.Context(), args...)
	s.ok(err)
	return out
}

func (s *story) until(want func(string) bool, args ...string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	_, err := s.kubectl.Until(ctx, want, args...)
	s.ok(err)
}

// eventually waits until something holds.
func (s *story) eventually(what string, holds func() bool) {
	s.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("it does not come about that %s", what)
		}
	}
}

// refusal is the line of the server's log that says what it does not register, and why.
func (s *story) refusal() string {
	s.Helper()
	log, err := os.ReadFile(s.server.LogFile())
	s.ok(err)
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
	s.until(func(out string) bool { return strings.Contains(out, line+"\n") },
		"--server", s.server.URL(), "--insecure-skip-tls-verify", "get", "--raw", "/metrics")
}

// workflowsAreThere reads and writes the objects of the neighbour.
func (s *story) workflowsAreThere() {
	s.Helper()
	if out := s.run("get", "workflows", "-n", "default", "-o", "name"); out != "workflow.argoproj.io/build" {
		s.Errorf("kubectl get workflows prints %q", out)
	}
	s.run("label", "workflow", "build", "-n", "default", "--overwrite", "seen-at="+time.Now().Format("150405.000"))
	if service := s.run("get", "apiservice", "v1alpha1.argoproj.io", "-o", "jsonpath={.spec.service}"); service != "" {
		s.Errorf("argoproj.io/v1alpha1 leads to %s", service)
	}
}

func TestTheKindsOfANeighbourAreNotHidden(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	s := &story{T: t}
	clusters, err := plane.Start(t.Context(), plane.Options{
		Root: root, Dir: filepath.Join(t.TempDir(), "plane"), Clusters: []string{crowded}, Out: t.Output(),
	})
	s.ok(err)
	t.Cleanup(func() { s.ok(clusters.Stop()) })
	s.kubectl = clusters.Kubectl(crowded)
	s.ok(s.kubectl.Apply(t.Context(), workflows))
	s.run("wait", "--for=condition=Established", "crd/workflows.argoproj.io")
	s.eventually("Workflows can be made", func() bool { return s.kubectl.Apply(t.Context(), build) == nil })

	s.server, err = capstan.Deploy(t.Context(), capstan.Options{
		Root: root, Dir: filepath.Join(t.TempDir(), "capstan"), Plane: clusters, Hub: crowded, Out: t.Output(),
	})
	s.ok(err)
	s.ok(s.server.Launch())
	t.Cleanup(func() { s.ok(s.server.Stop()) })

	// What is in nobody's way is registered.
	s.until(func(string) bool { return true }, "get", "clusters.capstan.dev")
	s.metric(`capstan_apiservice_registered{name="v1alpha1.argoproj.io"} 0`)
	s.workflowsAreThere()
	s.eventually("the refusal is logged", func() bool { return s.refusal() != "" })
	if refusal := s.refusal(); !strings.Contains(refusal, "workflows.argoproj.io") {
		t.Errorf("the refusal does not name the CRD that is in the way: %s", refusal)
	}

	// Capstan goes on looking.
	s.run("delete", "crd", "workflows.argoproj.io")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s.ok(s.server.Available(ctx))
	s.metric(`capstan_apiservice_registered{name="v1alpha1.argoproj.io"} 1`)
	s.until(func(out string) bool { return strings.Contains(out, "selfHeal") }, "explain", "application.spec.syncPolicy.automated")
}
