// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/gitserver"
	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

func TestAChartTakesItsValuesFromAnotherRepository(t *testing.T) {
	t.Parallel()
	s := begin(t, "several", map[string]string{
		"chart/Chart.yaml":           "{apiVersion: v2, name: shop, version: 1.0.0}\n",
		"chart/values.yaml":          "colour: none\n",
		"chart/templates/shop.yaml":  steps.ConfigMap("shop", "{{ .Values.colour }}"),
		"chart/templates/extra.yaml": steps.ConfigMap("extra", "chart"),
		"plain/extra.yaml":           steps.ConfigMap("extra", "plain"),
	})
	values, err := stage.Git.Create(s.Context(), "several-values", map[string]string{"eu/values.yaml": "colour: blue\n"})
	s.OK(err)
	s.Apply(fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: Application,
  metadata: {name: several, namespace: %s, finalizers: [resources-finalizer.argocd.argoproj.io]},
  spec: {project: default, destination: {name: %s, namespace: several},
    syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true]},
    sources: [{repoURL: %q, path: chart, helm: {valueFiles: [$values/eu/values.yaml]}},
      {repoURL: %q, ref: values}, {repoURL: %q, path: plain}]}}
`, argocd, staging, s.Repo.URL(), values.URL(), s.Repo.URL()))

	s.Settled("several")
	s.Value(staging, "configmap/shop", ".data.value", "blue")
	s.Value(staging, "configmap/extra", ".data.value", "plain")
	s.Condition("several", "RepeatedResourceWarning", "extra")
	s.Until(s.Hub, plane.Prints("Helm  Directory"), "get", "application", "several", "-n", argocd, "-o",
		"jsonpath={.status.sourceTypes[0]} {.status.sourceTypes[1]} {.status.sourceTypes[2]}")

	first, err := values.Push(s.Context(), gitserver.Commit{Files: map[string]string{"eu/values.yaml": "colour: green\n"}})
	s.OK(err)
	s.Value(staging, "configmap/shop", ".data.value", "green")
	s.Until(s.Hub, plane.Prints(first+" "+first), "get", "application", "several", "-n", argocd, "-o",
		"jsonpath={.status.sync.revisions[1]} {.status.history[1].revisions[1]}")
	second, err := values.Push(s.Context(), gitserver.Commit{Files: map[string]string{"eu/values.yaml": "colour: red\n"}})
	s.OK(err)
	s.Value(staging, "configmap/shop", ".data.value", "red")
	// The way back begins at what the history has last: it is written a moment after the objects are.
	s.Until(s.Hub, plane.Prints(second), "get", "application", "several", "-n", argocd, "-o",
		"jsonpath={.status.history[2].revisions[1]}")
	s.Settled("several")

	_, err = s.Hub.Input(s.Context(), "{}", "create", "--raw", syncPath+"several/rollback", "-f", "-")
	s.OK(err)
	s.Value(staging, "configmap/shop", ".data.value", "green")
	_, err = s.Hub.Input(s.Context(), `{"revisions":["",""]}`, "create", "--raw", syncPath+"several/sync", "-f", "-")
	if err == nil {
		t.Error("two revisions for three sources were accepted")
	}
	_, err = s.Hub.Input(s.Context(), `{"revisions":["","",""]}`, "create", "--raw", syncPath+"several/sync", "-f", "-")
	s.OK(err)
	s.Value(staging, "configmap/shop", ".data.value", "red")

	s.Kubectl(s.Hub, "patch", "application", "several", "-n", argocd, "--type=json", "-p",
		`[{"op":"replace","path":"/spec/sources/1/ref","value":"other"}]`)
	s.Condition("several", "ComparisonError", "spec.sources[0]")
	s.Condition("several", "ComparisonError", "no source has ref: values")
	s.Value(staging, "configmap/shop", ".data.value", "red")
	s.Remove("several")
}

// chartRepository serves versions of the chart shop.
type chartRepository struct {
	mu    sync.Mutex
	files map[string][]byte
}

func (c *chartRepository) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	content, found := c.files[r.URL.Path]
	if !found {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(content)
}

// publish adds versions of the chart, whose one object shows the version.
func (c *chartRepository) publish(t *testing.T, versions ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	index := "entries: {shop: ["
	for _, version := range versions {
		var packed bytes.Buffer
		zipped := gzip.NewWriter(&packed)
		archive := tar.NewWriter(zipped)
		for name, content := range map[string]string{
			"shop/Chart.yaml":          "{apiVersion: v2, name: shop, version: " + version + "}\n",
			"shop/templates/shop.yaml": steps.ConfigMap("shop", "{{ .Chart.Version }} {{ .Values.colour }}"),
		} {
			header := &tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}
			if err := archive.WriteHeader(header); err != nil {
				t.Fatal(err)
			}
			if _, err := archive.Write([]byte(content)); err != nil {
				t.Fatal(err)
			}
		}
		if err := archive.Close(); err != nil {
			t.Fatal(err)
		}
		if err := zipped.Close(); err != nil {
			t.Fatal(err)
		}
		c.files["/shop-"+version+".tgz"] = packed.Bytes()
		index += "{version: " + version + ", urls: [shop-" + version + ".tgz]},"
	}
	c.files["/index.yaml"] = []byte(strings.TrimSuffix(index, ",") + "]}")
}

func TestAChartOfAChartRepositoryFollowsItsRange(t *testing.T) {
	t.Parallel()
	s := begin(t, "chart", map[string]string{"eu.yaml": "colour: blue\n"})
	charts := &chartRepository{files: map[string][]byte{}}
	charts.publish(t, "1.0.0", "2.0.0")
	server := httptest.NewServer(charts)
	t.Cleanup(server.Close)
	s.Apply(fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: Application,
  metadata: {name: chart, namespace: %s, finalizers: [resources-finalizer.argocd.argoproj.io]},
  spec: {project: default, destination: {name: %s, namespace: chart},
    syncPolicy: {automated: {prune: true, selfHeal: true}, syncOptions: [CreateNamespace=true]},
    sources: [{repoURL: %q, chart: shop, targetRevision: ^1, helm: {valueFiles: [$values/eu.yaml]}},
      {repoURL: %q, ref: values}]}}
`, argocd, staging, server.URL, s.Repo.URL()))
	s.Settled("chart")
	s.Value(staging, "configmap/shop", ".data.value", "1.0.0 blue")
	charts.publish(t, "1.0.0", "1.1.0", "2.0.0")
	s.Kubectl(s.Hub, "annotate", "application", "chart", "-n", argocd, "argocd.argoproj.io/refresh=normal")
	s.Value(staging, "configmap/shop", ".data.value", "1.1.0 blue")
	s.Until(s.Hub, plane.Prints("1.1.0"), "get", "application", "chart", "-n", argocd, "-o",
		"jsonpath={.status.sync.revisions[0]}")
	s.Remove("chart")
}

func TestAChartInGitDependsOnOneOfAChartRepository(t *testing.T) {
	t.Parallel()
	charts := &chartRepository{files: map[string][]byte{}}
	charts.publish(t, "1.0.0")
	server := httptest.NewServer(charts)
	t.Cleanup(server.Close)
	depends := func(version string) map[string]string {
		return map[string]string{"app/Chart.yaml": fmt.Sprintf("{apiVersion: v2, name: umbrella, version: 1.0.0, dependencies: "+
			"[{name: shop, version: %q, repository: %q}, {name: base, version: '>=0.1.0', repository: 'file://../base'}]}\n",
			version, server.URL)}
	}
	s := begin(t, "umbrella", map[string]string{
		"app/values.yaml": "shop: {colour: blue}\n", "base/Chart.yaml": "{apiVersion: v2, name: base, version: 0.1.0}\n",
		"base/templates/base.yaml": steps.ConfigMap("base", "here"),
	})
	s.Push(depends("1.0.0"))
	s.Apply(s.Application("umbrella", staging, "app", ""))
	s.Settled("umbrella")
	s.Value(staging, "configmap/shop", ".data.value", "1.0.0 blue")
	s.Value(staging, "configmap/base", ".data.value", "here")

	s.Push(depends("9.0.0"))
	s.Condition("umbrella", "ComparisonError", "the repository has no such version of the chart")
	s.Value(staging, "configmap/shop", ".data.value", "1.0.0 blue")
	charts.publish(t, "1.0.0", "9.0.0")
	s.Kubectl(s.Hub, "annotate", "application", "umbrella", "-n", argocd, "argocd.argoproj.io/refresh=normal")
	s.Value(staging, "configmap/shop", ".data.value", "9.0.0 blue")
	s.Remove("umbrella")
}
