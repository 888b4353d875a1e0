// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/capstan-dev/capstan/pkg/apis/argoproj/v1alpha1"
	"github.com/capstan-dev/capstan/pkg/promotion"
	"github.com/capstan-dev/capstan/pkg/server"
	"github.com/capstan-dev/capstan/test/harness/apiserver"
)

// configured starts a server of the gate with options of its own, and returns its desk, too.
func configured(t *testing.T, configure func(*server.Options)) (*world, *promotion.Desk) {
	t.Helper()
	var desk *promotion.Desk
	w := &world{apiserver.Start(t, apiserver.Options{
		Assembly: destined(func(d *promotion.Desk) { desk = d }),
		Configure: func(o *server.Options) {
			withoutControllers(t)(o)
			configure(o)
		},
	})}
	w.Rules.Allow(gateRules()...)
	return w, desk
}

// file writes a file and returns its path.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestTheAuditLogTellsWhatTheGateDecided(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "audit.log")
	w, _ := configured(t, func(o *server.Options) {
		o.Recommended.Audit.PolicyFile = file(t, "policy.yaml", "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n")
		o.Recommended.Audit.LogOptions.Path = log
	})
	g := w.gate(t, nil)
	_, err := g.approve(t, lead, metav1.CreateOptions{})
	if err == nil {
		t.Error("who holds no role approves")
	}
	g.approved(t, alice)
	must(t, g.sync(t))
	if g.agree(t, mallory, g.weaken(t), metav1.CreateOptions{}) == nil {
		t.Error("the editor of a policy lets it be weakened")
	}
	_, err = mergePatch(t, g.apps(t, lead), `{"spec":{"syncPolicy":{"automated":{}}}}`)
	must(t, err)
	_, err = mergePatch(t, g.apps(t, tenant), `{"metadata":{"finalizers":["resources-finalizer.argocd.argoproj.io"]}}`)
	refused(t, err, http.StatusForbidden, "destroy")
	namespace, _ := w.rollout(t, canarySpec, atWeight)
	for _, user := range []string{deployer, releaser} {
		_, err = w.rollouts(t, user, namespace).Promote(t.Context(), "web", &v1alpha1.RolloutPromote{Full: true}, dry())
		if (err != nil) != (user == deployer) {
			t.Errorf("a promotion by the %s: %v", user, err)
		}
	}
	// Each is told of at the request that it answers.
	policy := "/promotionpolicies/" + g.policy.Name
	missing := [][2]string{
		{"/applications/web/approve", "Deny NoRole"}, {"/applications/web/approve", "Allow Eligible"},
		{"/applications/web/sync", "Hold ApprovalRequired"}, {"/applications/web/sync", "Allow Granted"},
		{"/applications/web", "Allow Granted"}, {"/applications/web", "Deny MissingRight"},
		{policy, "Hold Weakens"}, {policy + "/approve", "Deny Excluded"},
		{"/rollouts/web/promote", "Deny MissingRight"}, {"/rollouts/web/promote", "Allow Granted"},
	}
	defer func() {
		if len(missing) > 0 {
			t.Errorf("the audit log does not tell of %q", missing)
		}
	}()
	eventually(t, func() bool {
		told, err := os.ReadFile(log)
		must(t, err)
		missing = slices.DeleteFunc(missing, func(wanted [2]string) bool { return tells(told, wanted[0], wanted[1]) })
		return len(missing) == 0
	})
}

// tells reports whether an audit log has a request of a path with a decision of the gate.
func tells(log []byte, path, decision string) bool {
	for line := range bytes.Lines(log) {
		at := bytes.Contains(line, []byte(path+`"`)) || bytes.Contains(line, []byte(path+`?`))
		if at && bytes.Contains(line, []byte(`"gate.capstan.dev/decision":"`+decision+`"`)) {
			return true
		}
	}
	return false
}

func TestManifestsOfPlansAreEncryptedAtRest(t *testing.T) {
	t.Parallel()
	var prefix string
	var servers []string
	w, desk := configured(t, func(o *server.Options) {
		etcd := o.Recommended.Etcd
		prefix, servers = etcd.StorageConfig.Prefix, etcd.StorageConfig.Transport.ServerList
		etcd.EncryptionProviderConfigFilepath = file(t, "encryption.yaml", `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources: [{resources: [planmanifests.capstan.dev], providers: [{secretbox: {keys: [{name: one, secret: "`+strings.Repeat("A", 43)+`="}]}}]}]
`)
	})
	g := w.gate(t, nil)
	plan := g.plans(t, desk, "readable")
	kept, err := w.as(t, admin).CapstanV1alpha1().Plans(g.namespace).GetManifests(t.Context(), plan.Name, metav1.GetOptions{})
	must(t, err)
	if len(kept.Manifests) != 1 || !strings.Contains(string(kept.Manifests[0].Raw), "readable") {
		t.Errorf("people read %s", kept.Manifests)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: servers, Logger: zap.NewNop()})
	must(t, err)
	defer client.Close() //nolint:errcheck // it was read from.
	stored, err := client.Get(t.Context(), prefix, clientv3.WithPrefix())
	must(t, err)
	found := 0
	for _, entry := range stored.Kvs {
		if strings.Contains(string(entry.Key), "planmanifests") {
			found++
			if !bytes.HasPrefix(entry.Value, []byte("k8s:enc:secretbox:v1:one:")) {
				t.Errorf("%s is stored as %.40q", entry.Key, entry.Value)
			}
		}
	}
	if found != 1 {
		t.Errorf("%d manifests are stored", found)
	}
}
