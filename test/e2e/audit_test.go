// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/capstan-dev/capstan/test/harness/world"
)

// Capstan writes its own audit log, where a sync is a request with a name on it.
func TestTheAuditLogSaysWhoSyncedWhatAndHoldsNoSecret(t *testing.T) {
	s := begin(t, "audited", map[string]string{
		"app/secret.yaml": "{apiVersion: v1, kind: Secret, metadata: {name: secret}, stringData: {password: sesame-open}}\n",
	})
	s.Apply(s.Application("audited", staging, "app", "{syncOptions: [CreateNamespace=true]}"), mayTeamSync)
	s.Status("audited", "OutOfSync/Missing")
	tina := s.Hub.As("tina")
	s.Kubectl(tina, "create", "--raw", syncPath+"audited/sync", "-f", writeTemp(t, `{"prune":true}`))
	s.Settled("audited")
	for _, read := range []string{"manifests", "diff", "resources"} {
		s.Kubectl(tina, "get", "--raw", syncPath+"audited/"+read)
	}

	var asked []auditv1.Event
	s.Eventually("what tina asked is in the log", func() bool {
		asked = s.events(stage.Capstan.AuditLog(), func(e auditv1.Event) bool {
			return e.User.Username == "tina" && e.ObjectRef != nil && e.ObjectRef.Name == "audited"
		})
		return len(asked) >= 4
	})

	type entry struct {
		Verb, Group, Namespace, Subresource string
		Sent                                map[string]any
	}
	var got []entry
	ids := map[types.UID]bool{}
	for _, e := range asked {
		seen := entry{e.Verb, e.ObjectRef.APIGroup, e.ObjectRef.Namespace, e.ObjectRef.Subresource, nil}
		if e.ResponseObject == nil {
			t.Errorf("the answer to %s %s is not in the log, which so proves nothing", e.Verb, e.RequestURI)
		}
		if e.RequestObject != nil {
			s.OK(json.Unmarshal(e.RequestObject.Raw, &seen.Sent))
		}
		got, ids[e.AuditID] = append(got, seen), true
	}
	want := []entry{
		{"create", "argoproj.io", argocd, "sync", map[string]any{
			"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSync", "prune": true,
		}},
		{"get", "argoproj.io", argocd, "manifests", nil},
		{"get", "argoproj.io", argocd, "diff", nil},
		{"get", "argoproj.io", argocd, "resources", nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tina's requests (-want +got):\n%s", diff)
	}
	s.Eventually("the hub's own log knows each by the same id", func() bool {
		return len(s.events(stage.Plane.Clusters[world.Hub].AuditLog, func(e auditv1.Event) bool {
			return ids[e.AuditID] && e.ImpersonatedUser != nil && e.ImpersonatedUser.Username == "tina"
		})) == len(ids)
	})

	log, err := os.ReadFile(stage.Capstan.AuditLog())
	s.OK(err)
	for what, secret := range map[string]string{
		"a deployed Secret": "sesame-open", "a deployed Secret, encoded": "c2VzYW1lLW9wZW4", "a cluster's token": s.tokenOf(staging),
	} {
		if strings.Contains(string(log), secret) {
			t.Errorf("the audit log shows %s", what)
		}
	}
	s.Remove("audited")
}

// tokenOf is what Capstan logs in to a cluster with.
func (s *story) tokenOf(cluster string) string {
	s.Helper()
	text := s.Kubectl(s.Hub, "get", "secret", "cluster-"+cluster, "-n", argocd, "-o", `go-template={{.data.config | base64decode}}`)
	var config struct{ BearerToken string }
	s.OK(json.Unmarshal([]byte(text), &config))
	if config.BearerToken == "" {
		s.Fatalf("the Secret of %s holds no token", cluster)
	}
	return config.BearerToken
}
