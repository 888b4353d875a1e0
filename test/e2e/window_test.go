// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/steps"
)

func TestSyncWindowsHoldBackAutomationAndPeople(t *testing.T) {
	t.Parallel()
	s := begin(t, "windows", map[string]string{"app/config.yaml": steps.ConfigMap("config", "1")})
	there := stage.Plane.Kubectl(staging)
	project := func(windows string) {
		s.Apply("{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: windows, namespace: argocd}, " +
			"spec: {sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}], clusterResourceWhitelist: [{group: '*', kind: '*'}], " +
			"syncWindows: [" + windows + "]}}")
	}
	const always = "schedule: '* * * * *', duration: 1h, timeZone: Europe/Berlin"
	project("{kind: allow, " + always + ", namespaces: [win*]}")
	s.Apply(strings.Replace(s.Application("windows", staging, "app", ""), "project: default", "project: windows", 1))
	s.Settled("windows")

	project("{kind: deny, " + always + ", clusters: [staging]}")
	s.Push(map[string]string{"app/config.yaml": steps.ConfigMap("config", "2")})
	s.Condition("windows", "SyncWindowWarning", "spec.syncWindows[0] of AppProject windows denies syncs now")
	s.Kubectl(there, "patch", "configmap", "config", "-n", s.Name, "--type=merge", "-p", `{"data":{"value":"drift"}}`)
	_, err := s.Hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"windows/sync", "-f", "-")
	s.OK(err)
	s.operation("windows", "message", "spec.syncWindows[0] of AppProject windows denies syncs now")
	s.Value(staging, "configmap/config", ".data.value", "drift")

	project("{kind: deny, " + always + ", manualSync: true, applications: ['*']}")
	_, err = s.Hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"windows/sync", "-f", "-")
	s.OK(err)
	s.Value(staging, "configmap/config", ".data.value", "2")

	project("{kind: deny, schedule: none, duration: 1h, applications: ['*']}")
	s.Push(map[string]string{"app/config.yaml": steps.ConfigMap("config", "3")})
	s.Condition("windows", "SyncWindowWarning", "spec.syncWindows[0].schedule")
	project("")
	s.Value(staging, "configmap/config", ".data.value", "3")
	s.Settled("windows")
	s.Remove("windows")
	s.Kubectl(s.Hub, "delete", "appproject", "windows", "-n", argocd)
}
