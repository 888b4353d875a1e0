// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package ha

import (
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/capstan"
	"github.com/capstan-dev/capstan/test/harness/plane"
)

func TestEveryReplicaServesAndOneLeads(t *testing.T) {
	s := begin(t, "everyone")
	if got := len(stage.Replicas.All); got != 3 {
		t.Errorf("the manifest asks for %d replicas", got)
	}
	s.leader()
	application := applications + "/" + s.name
	for _, replica := range stage.Replicas.All {
		if out := s.replica(replica, applications); !strings.Contains(out, `"name":"`+s.name+`"`) {
			t.Errorf("%s serves\n%s", replica.URL(), out)
		}
		if out := s.replica(replica, application+"/manifests"); !strings.Contains(out, `"value":"1"`) {
			t.Errorf("%s renders %s", replica.URL(), out)
		}
		if out := s.replica(replica, application+"/diff"); !strings.Contains(out, `"action":"None"`) {
			t.Errorf("%s compares %s", replica.URL(), out)
		}
		stage.Replicas.Route(replica)
		s.Until(s.hub, plane.Prints("application.argoproj.io/"+s.name), "get", "application", s.name, "-n", argocd, "-o", "name")
		s.Kubectl(s.hub, "label", "application", s.name, "-n", argocd, "--overwrite", "written-by="+replica.URL()[len("https://127.0.0.1:"):])
	}
	stage.Replicas.Route(stage.Replicas.All...)
	if out := s.Kubectl(s.hub, "explain", "application.spec.syncPolicy.automated"); !strings.Contains(out, "selfHeal") {
		t.Errorf("kubectl explain prints %q", out)
	}
	s.recorded("Automated")
	s.did("patch")
	s.end()
}

func TestAKilledLeaderIsFollowedByAnother(t *testing.T) {
	s := begin(t, "killed")
	leader, _ := s.leader()
	holders := s.holders()
	s.OK(leader.Kill())
	// Who was connected to it is cut off, and comes back to another one.
	s.Until(s.hub, plane.Prints("application.argoproj.io/killed"), "get", "application", s.name, "-n", argocd, "-o", "name")
	answers := s.call()
	s.drift()
	s.settled("1")
	_, others := s.leader()
	answers()
	stage.Replicas.Route(others...) // the one that the Git server finds does not lead
	s.push("2")
	s.settled("2")
	if seen := holders(); len(seen) != 2 || seen[1] == "" {
		t.Errorf("the lease went by %q, want it to run out", seen)
	}
	s.recorded("Automated", "SelfHeal", "Automated")
	s.did("patch", "patch", "patch")
	s.OK(stage.Replicas.Start(s.Context()))
	s.leader()
	s.end()
}

func TestALeaderThatShutsDownHandsOver(t *testing.T) {
	s := begin(t, "handover")
	leader, _ := s.leader()
	holders, answers := s.holders(), s.call()
	s.OK(leader.Stop())
	s.leader()
	s.push("2")
	s.settled("2")
	s.drift()
	s.settled("2")
	answers()
	if seen := holders(); len(seen) != 3 || seen[1] != "" || seen[0] == seen[2] {
		t.Errorf("the lease was held by %q, want two with nobody in between: it is given back", seen)
	}
	s.recorded("Automated", "Automated", "SelfHeal")
	s.did("patch", "patch", "patch")
	s.end()
}

func TestALeaderThatLostTheLeaseLeadsAgain(t *testing.T) {
	s := begin(t, "again")
	leader, others := s.leader()
	s.OK(capstan.Stop(others...))
	s.holds("somebody else")
	s.Eventually("the leader sees that it leads no more", func() bool { return !s.leads(leader) })
	s.drift()
	s.holds("")
	s.settled("1")
	s.leader()
	s.push("2")
	s.settled("2")
	s.recorded("Automated", "SelfHeal", "Automated")
	s.did("patch", "patch", "patch")
	s.end()
}
