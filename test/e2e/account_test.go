// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/steps"
)

// settings puts data into argocd-cm until the story ends.
func (s *story) settings(data string) {
	s.Helper()
	s.Apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: argocd-cm, namespace: argocd, " +
		"labels: {app.kubernetes.io/part-of: argocd}}, data: {" + data + "}}")
	s.Cleanup(func() {
		_, err := s.Hub.Run(context.Background(), "delete", "configmap", "argocd-cm", "-n", argocd, "--ignore-not-found")
		if err != nil {
			s.Error(err)
		}
	})
}

func TestSyncsWriteAsTheServiceAccountOfTheProject(t *testing.T) {
	s := begin(t, "accounts", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	there := stage.Plane.Kubectl(staging)
	s.Kubectl(there, "create", "namespace", s.Name)
	s.Kubectl(there, "create", "serviceaccount", "deployer", "-n", s.Name)
	s.Kubectl(there, "create", "role", "deployer", "-n", s.Name, "--verb=get,create,patch,delete", "--resource=configmaps")
	s.Kubectl(there, "create", "rolebinding", "deployer", "-n", s.Name, "--role=deployer", "--serviceaccount="+s.Name+":deployer")
	project := func(accounts string) {
		s.Apply("{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: accounts, namespace: argocd}, " +
			"spec: {sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}], destinationServiceAccounts: [" + accounts + "]}}")
	}
	s.settings(`application.sync.impersonation.enabled: "true"`)
	project("")
	s.Apply(strings.Replace(s.Application("accounts", staging, "app", "{automated: {prune: true, selfHeal: true}, retry: {limit: 0}}"),
		"project: default", "project: accounts", 1))
	s.operation("accounts", "message", "no entry of spec.destinationServiceAccounts of AppProject accounts fits")
	s.Gone(staging, "configmap/config")

	project("{server: '*', namespace: '" + s.Name + "', defaultServiceAccount: deployer}")
	s.Push(map[string]string{"app/config.yaml": steps.ConfigMap("config", "2")})
	s.Settled("accounts")
	s.Value(staging, "configmap/config", ".data.value", "2")

	s.Push(map[string]string{"app/other.yaml": "{apiVersion: v1, kind: ServiceAccount, metadata: {name: forbidden}}"})
	s.operation("accounts", "message", "system:serviceaccount:"+s.Name+":deployer")
	s.Gone(staging, "serviceaccount/forbidden")
	s.Push(nil, "app/other.yaml")
	s.Remove("accounts")
	s.Gone(staging, "configmap/config")
	s.Kubectl(s.Hub, "delete", "appproject", "accounts", "-n", argocd)
}
