// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
)

func TestAChartTakesItsValuesFromAnotherRepository(t *testing.T) {
	s := begin(t, "several", map[string]string{
		"chart/Chart.yaml":           "{apiVersion: v2, name: shop, version: 1.0.0}\n",
		"chart/values.yaml":          "colour: none\n",
		"chart/templates/shop.yaml":  configMap("shop", "{{ .Values.colour }}"),
		"chart/templates/extra.yaml": configMap("extra", "chart"),
		"plain/extra.yaml":           configMap("extra", "plain"),
	})
	values, err := stage.Git.Create(s.ctx, "several-values", map[string]string{"eu/values.yaml": "colour: blue\n"})
	s.ok(err)
	s.apply(fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: Application,
  metadata: {name: several, namespace: %s, finalizers: [resources-finalizer.argocd.argoproj.io]},
  spec: {project: default, destination: {name: %s, namespace: several},
    syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true]},
    sources: [{repoURL: %q, path: chart, helm: {valueFiles: [$values/eu/values.yaml]}},
      {repoURL: %q, ref: values}, {repoURL: %q, path: plain}]}}
`, argocd, staging, s.repo.URL(), values.URL(), s.repo.URL()))

	s.settled("several")
	s.value(staging, "configmap/shop", ".data.value", "blue")
	s.value(staging, "configmap/extra", ".data.value", "plain")
	s.condition("several", "RepeatedResourceWarning", "extra")
	s.until(s.hub, plane.Prints("Helm  Directory"), "get", "application", "several", "-n", argocd, "-o",
		"jsonpath={.status.sourceTypes[0]} {.status.sourceTypes[1]} {.status.sourceTypes[2]}")

	first, err := values.Push(s.ctx, gitserver.Commit{Files: map[string]string{"eu/values.yaml": "colour: green\n"}})
	s.ok(err)
	s.value(staging, "configmap/shop", ".data.value", "green")
	s.until(s.hub, plane.Prints(first+" "+first), "get", "application", "several", "-n", argocd, "-o",
		"jsonpath={.status.sync.revisions[1]} {.status.history[1].revisions[1]}")
	_, err = values.Push(s.ctx, gitserver.Commit{Files: map[string]string{"eu/values.yaml": "colour: red\n"}})
	s.ok(err)
	s.value(staging, "configmap/shop", ".data.value", "red")
	s.settled("several")

	_, err = s.hub.Input(s.ctx, "{}", "create", "--raw", syncPath+"several/rollback", "-f", "-")
	s.ok(err)
	s.value(staging, "configmap/shop", ".data.value", "green")
	_, err = s.hub.Input(s.ctx, `{"revisions":["",""]}`, "create", "--raw", syncPath+"several/sync", "-f", "-")
	if err == nil {
		t.Error("two revisions for three sources were accepted")
	}
	_, err = s.hub.Input(s.ctx, `{"revisions":["","",""]}`, "create", "--raw", syncPath+"several/sync", "-f", "-")
	s.ok(err)
	s.value(staging, "configmap/shop", ".data.value", "red")

	s.run(s.hub, "patch", "application", "several", "-n", argocd, "--type=json", "-p",
		`[{"op":"replace","path":"/spec/sources/1/ref","value":"other"}]`)
	s.condition("several", "ComparisonError", "spec.sources[0]")
	s.condition("several", "ComparisonError", "no source has ref: values")
	s.value(staging, "configmap/shop", ".data.value", "red")
	s.remove("several")
}
