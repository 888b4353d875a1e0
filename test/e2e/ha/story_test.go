// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package ha

import (
	"fmt"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/capstan"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

const (
	argocd = "argocd"
	lease  = "capstan-controllers"
)

// story is one story of the replicas, with an Application, a namespace and a repository of its own.
type story struct {
	steps.Steps
	name string
	hub  plane.Kubectl
	repo *gitserver.Repository
	uid  string
}

// begin starts a story with all replicas running and a synced Application that holds one ConfigMap.
func begin(t *testing.T, name string) *story {
	t.Helper()
	s := &story{Steps: steps.Steps{T: t}, name: name, hub: stage.Hub()}
	stage.Replicas.Route(stage.Replicas.All...)
	s.OK(stage.Replicas.Start(s.Context()))
	var err error
	s.repo, err = stage.Git.Create(s.Context(), name, map[string]string{"app/config.yaml": config("1")})
	s.OK(err)
	s.OK(s.hub.Apply(s.Context(), fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: Application,
  metadata: {name: %s, namespace: %s, finalizers: [resources-finalizer.argocd.argoproj.io]},
  spec: {project: default, source: {repoURL: %q, path: app, targetRevision: HEAD},
    destination: {name: in-cluster, namespace: %[1]s},
    syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true]}}}
`, name, argocd, s.repo.URL())))
	s.settled("1")
	s.uid = s.Kubectl(s.hub, "get", "configmap", "config", "-n", name, "-o", "jsonpath={.metadata.uid}")
	return s
}

func config(value string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: config}, data: {value: %q}}\n", value)
}

// settled waits until the ConfigMap has a value and the Application is Synced and Healthy.
func (s *story) settled(value string) {
	s.Helper()
	s.Until(s.hub, plane.Prints(value), "get", "configmap", "config", "-n", s.name, "--ignore-not-found", "-o", "jsonpath={.data.value}")
	s.Until(s.hub, plane.Prints("Synced/Healthy"), "get", "application", s.name, "-n", argocd, "-o",
		"jsonpath={.status.sync.status}/{.status.health.status}")
}

// drift changes the ConfigMap by hand.
func (s *story) drift() {
	s.Helper()
	s.Kubectl(s.hub, "patch", "configmap", "config", "-n", s.name, "--type=merge", "-p", `{"data":{"value":"by hand"}}`)
}

// push gives the ConfigMap another value in Git; the Git server tells the Service.
func (s *story) push(value string) {
	s.Helper()
	_, err := s.repo.Push(s.Context(), gitserver.Commit{Files: map[string]string{"app/config.yaml": config(value)}})
	s.OK(err)
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
	s.Eventually("one replica leads", func() bool {
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
	s.Kubectl(s.hub, "delete", "application", s.name, "-n", argocd, "--timeout", "90s")
	s.Until(s.hub, plane.Prints(""), "get", "configmap", "config", "-n", s.name, "--ignore-not-found", "-o", "name")
}
