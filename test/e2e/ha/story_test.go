// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package ha

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/capstan-dev/capstan/test/harness/capstan"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
)

const (
	argocd = "argocd"
	lease  = "capstan-controllers"
	// patience bounds each step of a story; a step that takes it is a failure. It is shorter than the interval at
	// which repositories are polled, so that what follows a push in time follows from the push.
	patience = 90 * time.Second
)

// story is one story of the replicas, with an Application, a namespace and a repository of its own.
type story struct {
	*testing.T
	ctx  context.Context //nolint:containedctx // a story is one test, and its steps share the test's end.
	name string
	hub  plane.Kubectl
	repo *gitserver.Repository
	uid  string
}

// begin starts a story with all replicas running and a synced Application that holds one ConfigMap.
func begin(t *testing.T, name string) *story {
	t.Helper()
	s := &story{T: t, ctx: t.Context(), name: name, hub: stage.Hub()}
	stage.Replicas.Route(stage.Replicas.All...)
	s.ok(stage.Replicas.Start(s.ctx))
	var err error
	s.repo, err = stage.Git.Create(s.ctx, name, map[string]string{"app/config.yaml": config("1")})
	s.ok(err)
	s.ok(s.hub.Apply(s.ctx, fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: Application,
  metadata: {name: %s, namespace: %s, finalizers: [resources-finalizer.argocd.argoproj.io]},
  spec: {project: default, source: {repoURL: %q, path: app, targetRevision: HEAD},
    destination: {name: in-cluster, namespace: %[1]s},
    syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true]}}}
`, name, argocd, s.repo.URL())))
	s.settled("1")
	s.uid = s.run("get", "configmap", "config", "-n", name, "-o", "jsonpath={.metadata.uid}")
	return s
}

func config(value string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: config}, data: {value: %q}}\n", value)
}

// ok ends the story where a step failed.
func (s *story) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// run runs kubectl and ends the story where it fails.
func (s *story) run(args ...string) string {
	s.Helper()
	out, err := s.hub.Run(s.ctx, args...)
	s.ok(err)
	return out
}

// until waits until kubectl prints what want accepts.
func (s *story) until(want func(string) bool, args ...string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	_, err := s.hub.Until(ctx, want, args...)
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

// settled waits until the ConfigMap has a value and the Application is Synced and Healthy.
func (s *story) settled(value string) {
	s.Helper()
	s.until(plane.Prints(value), "get", "configmap", "config", "-n", s.name, "--ignore-not-found", "-o", "jsonpath={.data.value}")
	s.until(plane.Prints("Synced/Healthy"), "get", "application", s.name, "-n", argocd, "-o",
		"jsonpath={.status.sync.status}/{.status.health.status}")
}

// drift changes the ConfigMap by hand.
func (s *story) drift() {
	s.Helper()
	s.run("patch", "configmap", "config", "-n", s.name, "--type=merge", "-p", `{"data":{"value":"by hand"}}`)
}

// push gives the ConfigMap another value in Git; the Git server tells the Service.
func (s *story) push(value string) {
	s.Helper()
	_, err := s.repo.Push(s.ctx, gitserver.Commit{Files: map[string]string{"app/config.yaml": config(value)}})
	s.ok(err)
}

// running are the replicas that were not ended.
func running() []*capstan.Replica {
	var found []*capstan.Replica
	for _, replica := range stage.Replicas.All {
		if replica.Running() {
			found = append(found, replica)
		}
	}
	return found
}

// leads asks a replica whether it leads.
func (s *story) leads(r *capstan.Replica) bool {
	s.Helper()
	return strings.Contains(s.replica(r, "/metrics"), `leader_election_master_status{name="`+lease+`"} 1`)
}

// leader waits until exactly one of the replicas leads and the others do not.
func (s *story) leader() (leader *capstan.Replica, others []*capstan.Replica) {
	s.Helper()
	s.eventually("one replica leads", func() bool {
		leader, others = nil, nil
		for _, replica := range running() {
			switch {
			case !s.leads(replica):
				others = append(others, replica)
			case leader != nil:
				s.Fatalf("%s and %s lead at a time", leader.URL(), replica.URL())
			default:
				leader = replica
			}
		}
		return leader != nil
	})
	return leader, others
}

// end deletes the Application and waits until what it made is gone.
func (s *story) end() {
	s.Helper()
	s.run("delete", "application", s.name, "-n", argocd, "--timeout", "90s")
	s.until(plane.Prints(""), "get", "configmap", "config", "-n", s.name, "--ignore-not-found", "-o", "name")
}
