// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package ha

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/capstan-dev/capstan/test/harness/capstan"
	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
)

// many is how many objects a leader is busy with for a while.
const many = 600

const approver = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: approvers, namespace: argocd},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: capstan-approver},
  subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ann}]}
`

// tier says how careful deployments to the hub have to be.
func (s *story) tier(tier string) {
	s.Helper()
	s.Kubectl(s.hub, "patch", "clusters.capstan.dev", "in-cluster", "--type=merge", "-p", fmt.Sprintf(`{"spec":{"tier":%q}}`, tier))
}

// standing waits until the Application stands so before the gate, and returns the name and the digest of its Plan.
func (s *story) standing(state string) (plan, digest string) {
	s.Helper()
	out := s.Until(s.hub, func(out string) bool { return strings.HasPrefix(out, state+" ") }, "get", "application", s.name, "-n", argocd,
		"-o", "jsonpath={.status.gate.state} {.status.gate.plan}")
	_, plan, _ = strings.Cut(out, " ")
	return plan, s.Kubectl(s.hub, "get", "plan", plan, "-n", argocd, "-o", "jsonpath={.digest}")
}

// crowd pushes a commit with many objects, and has its Plan approved by way of a replica that does not lead.
func (s *story) crowd(value string, through *capstan.Replica) (plan string) {
	s.Helper()
	objects := []string{config(value)}
	for i := range many {
		objects = append(objects, strings.Replace(config(value), "name: config", fmt.Sprintf("name: many-%03d", i), 1))
	}
	_, err := s.repo.Push(s.Context(), gitserver.Commit{Files: map[string]string{"app/config.yaml": strings.Join(objects, "---\n")}})
	s.OK(err)
	plan, digest := s.standing("AwaitingApproval")
	stage.Replicas.Route(through)
	_, err = s.hub.As("ann").Input(s.Context(), fmt.Sprintf(`{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationApproval","planDigest":%q}`, digest),
		"create", "--raw", applications+"/"+s.name+"/approve", "-f", "-")
	s.OK(err)
	return plan
}

// values counts the objects by their value.
func (s *story) values() map[string]int {
	s.Helper()
	counted := map[string]int{}
	for _, value := range strings.Fields(s.Kubectl(s.hub, "get", "configmaps", "-n", s.name, "-o", "jsonpath={.items[*].data.value}")) {
		counted[value]++
	}
	return counted
}

// freeze stops the leader in the middle of giving the objects a value.
func (s *story) freeze(leader *capstan.Replica, value string) {
	s.Helper()
	s.Cleanup(func() { _ = leader.Thaw() })
	s.Eventually("the leader is busy", func() bool { return s.values()[value] > 0 })
	s.OK(leader.Freeze())
	if done := s.values()[value]; done > many {
		s.Fatal("the leader was done already: nothing is shown here")
	}
}

// told is all that is recorded of the Application, with versions.
func (s *story) told() string {
	s.Helper()
	return s.Kubectl(s.hub, "get", "applications,plans,approvals,syncruns", "-n", argocd, "-o",
		"jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.resourceVersion}{'\\n'}{end}")
}

func TestAFrozenLeaderChangesNothingOnceAnotherLeads(t *testing.T) {
	s := begin(t, "frozen")
	s.OK(s.hub.Apply(s.Context(), approver))
	s.tier("production")

	leader, others := s.leader()
	plan := s.crowd("2", others[0])
	s.freeze(leader, "2")
	stage.Replicas.Route(others...)
	s.Until(s.hub, plane.Prints("Succeeded"), "get", "plan", plan, "-n", argocd, "-o", "jsonpath={.status.phase}")
	s.standing("Open")
	if got := s.values()["2"]; got != many+1 {
		t.Errorf("%d of %d objects are there", got, many+1)
	}
	s.wake(leader)

	leader, others = s.leader()
	plan = s.crowd("3", others[0])
	s.freeze(leader, "3")
	stage.Replicas.Route(others...)
	s.Kubectl(s.hub, "delete", "approvals", "-n", argocd, "--field-selector", "spec.plan="+plan)
	s.Until(s.hub, plane.Prints("Failed"), "get", "plan", plan, "-n", argocd, "-o", "jsonpath={.status.phase}")
	s.standing("AwaitingApproval")
	s.Eventually("what was deployed is put back", func() bool { return s.values()["2"] == many+1 })
	s.Until(s.hub, func(out string) bool { return strings.HasSuffix(out, "SelfHeal") }, "get", "syncruns", "-n", argocd,
		"--sort-by=.status.startedAt", "-o", "jsonpath={.items[*].spec.trigger}")
	s.wake(leader)

	s.tier("")
	s.settled("3")
	s.end()
}

// wake lets a frozen leader go on, and shows that it does nothing of what it was about to do.
func (s *story) wake(frozen *capstan.Replica) {
	s.Helper()
	wrote, told := len(s.writes()), s.told()
	s.OK(frozen.Thaw())
	s.Eventually("the replica sees that it leads no more", func() bool { return !s.leads(frozen) })
	const awake = 3 * time.Second
	time.Sleep(awake)
	if now := len(s.writes()); now != wrote {
		s.Errorf("it wrote to %d objects after it woke", now-wrote)
	}
	if now := s.told(); now != told {
		s.Errorf("it changed what is recorded from\n%s\nto\n%s", told, now)
	}
	stage.Replicas.Route(stage.Replicas.All...)
}
