// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"
)

func TestSyncWindowsHoldBackAutomationAndPeople(t *testing.T) {
	s := begin(t, "windows", map[string]string{"app/config.yaml": configMap("config", "1")})
	there := stage.Plane.Kubectl(staging)
	project := func(windows string) {
		s.apply("{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: windows, namespace: argocd}, " +
			"spec: {sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}], clusterResourceWhitelist: [{group: '*', kind: '*'}], " +
			"syncWindows: [" + windows + "]}}")
	}
	const always = "schedule: '* * * * *', duration: 1h, timeZone: Europe/Berlin"
	project("{kind: allow, " + always + ", namespaces: [win*]}")
	s.apply(strings.Replace(s.application("windows", staging, "app", ""), "project: default", "project: windows", 1))
	s.settled("windows")

	project("{kind: deny, " + always + ", clusters: [staging]}")
	s.push(map[string]string{"app/config.yaml": configMap("config", "2")})
	s.condition("windows", "SyncWindowWarning", "spec.syncWindows[0] of AppProject windows denies syncs now")
	s.Kubectl(there, "patch", "configmap", "config", "-n", s.name, "--type=merge", "-p", `{"data":{"value":"drift"}}`)
	_, err := s.hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"windows/sync", "-f", "-")
	s.OK(err)
	s.operation("windows", "message", "spec.syncWindows[0] of AppProject windows denies syncs now")
	s.value(staging, "configmap/config", ".data.value", "drift")

	project("{kind: deny, " + always + ", manualSync: true, applications: ['*']}")
	_, err = s.hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"windows/sync", "-f", "-")
	s.OK(err)
	s.value(staging, "configmap/config", ".data.value", "2")

	project("{kind: deny, schedule: none, duration: 1h, applications: ['*']}")
	s.push(map[string]string{"app/config.yaml": configMap("config", "3")})
	s.condition("windows", "SyncWindowWarning", "spec.syncWindows[0].schedule")
	project("")
	s.value(staging, "configmap/config", ".data.value", "3")
	s.settled("windows")
	s.remove("windows")
	s.Kubectl(s.hub, "delete", "appproject", "windows", "-n", argocd)
}
