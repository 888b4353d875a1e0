// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"strings"
	"testing"
)

// settings puts data into argocd-cm until the story ends.
func (s *story) settings(data string) {
	s.Helper()
	s.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: argocd-cm, namespace: argocd, " +
		"labels: {app.kubernetes.io/part-of: argocd}}, data: {" + data + "}}")
	s.Cleanup(func() {
		_, err := s.hub.Run(context.Background(), "delete", "configmap", "argocd-cm", "-n", argocd, "--ignore-not-found")
		if err != nil {
			s.Error(err)
		}
	})
}

func TestSyncsWriteAsTheServiceAccountOfTheProject(t *testing.T) {
	s := begin(t, "accounts", map[string]string{"app/config.yaml": configMap("config", "1")})
	there := stage.Plane.Kubectl(staging)
	s.Kubectl(there, "create", "namespace", s.name)
	s.Kubectl(there, "create", "serviceaccount", "deployer", "-n", s.name)
	s.Kubectl(there, "create", "role", "deployer", "-n", s.name, "--verb=get,create,patch,delete", "--resource=configmaps")
	s.Kubectl(there, "create", "rolebinding", "deployer", "-n", s.name, "--role=deployer", "--serviceaccount="+s.name+":deployer")
	project := func(accounts string) {
		s.apply("{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: accounts, namespace: argocd}, " +
			"spec: {sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}], destinationServiceAccounts: [" + accounts + "]}}")
	}
	s.settings(`application.sync.impersonation.enabled: "true"`)
	project("")
	s.apply(strings.Replace(s.application("accounts", staging, "app", "{automated: {prune: true, selfHeal: true}, retry: {limit: 0}}"),
		"project: default", "project: accounts", 1))
	s.operation("accounts", "message", "no entry of spec.destinationServiceAccounts of AppProject accounts fits")
	s.gone(staging, "configmap/config")

	project("{server: '*', namespace: '" + s.name + "', defaultServiceAccount: deployer}")
	s.push(map[string]string{"app/config.yaml": configMap("config", "2")})
	s.settled("accounts")
	s.value(staging, "configmap/config", ".data.value", "2")

	s.push(map[string]string{"app/other.yaml": "{apiVersion: v1, kind: ServiceAccount, metadata: {name: forbidden}}"})
	s.operation("accounts", "message", "system:serviceaccount:"+s.name+":deployer")
	s.gone(staging, "serviceaccount/forbidden")
	s.push(nil, "app/other.yaml")
	s.remove("accounts")
	s.gone(staging, "configmap/config")
	s.Kubectl(s.hub, "delete", "appproject", "accounts", "-n", argocd)
}
