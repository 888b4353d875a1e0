// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/capstan-dev/capstan/test/harness/plane"
	"github.com/capstan-dev/capstan/test/harness/steps"
)

// counts are what a step of work cost.
type counts struct {
	// Requests are those to the destination, by verb; watches are left out, they stay open.
	Requests map[string]int
	// Writes are those to Capstan's own store: Applications, what is kept beside them, and SyncRuns.
	Writes  int
	Renders int
}

// since returns what was added after before.
func (c counts) since(before counts) counts {
	added := counts{Requests: map[string]int{}, Writes: c.Writes - before.Writes, Renders: c.Renders - before.Renders}
	for verb, n := range c.Requests {
		if n -= before.Requests[verb]; n > 0 {
			added.Requests[verb] = n
		}
	}
	return added
}

func (c counts) String() string {
	return fmt.Sprintf("requests %v, writes %d, renders %d", c.Requests, c.Writes, c.Renders)
}

const metricsReader = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: metrics, namespace: argocd}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: metrics},
  rules: [{nonResourceURLs: [/metrics], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: metrics},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: metrics},
  subjects: [{kind: ServiceAccount, name: metrics, namespace: argocd}]}
`

// count reads the counters: the destination's audit log, and the server's metrics.
func (s *story) count(cluster, token string) counts {
	s.Helper()
	c := counts{Requests: s.audited(cluster)}
	metrics := s.metrics(token)
	for _, resource := range []string{"applications", "applicationrecords", "syncruns"} {
		for _, operation := range []string{"create", "update", "delete"} {
			c.Writes += int(metrics["etcd_requests_total/"+resource+"/"+operation])
		}
	}
	c.Renders = int(metrics["capstan_render_duration_seconds_count"])
	return c
}

// audited counts the requests of Capstan's account to a cluster.
func (s *story) audited(cluster string) map[string]int {
	s.Helper()
	requests := map[string]int{}
	for _, event := range s.events(stage.Plane.Clusters[cluster].AuditLog, func(event auditv1.Event) bool {
		return event.User.Username == "system:serviceaccount:kube-system:argocd-manager" && event.Verb != "watch"
	}) {
		requests[event.Verb]++
	}
	return requests
}

// metrics reads the server's metrics, those of one name added up over their labels; requests
// to the store also by resource and operation.
func (s *story) metrics(token string) map[string]float64 {
	s.Helper()
	answer, err := ask(s.Context(), token, http.MethodGet, "/metrics", "")
	s.OK(err)
	if answer.code != http.StatusOK {
		s.Fatalf("metrics: %d: %s", answer.code, answer.body)
	}
	metrics := map[string]float64{}
	for line := range strings.Lines(answer.body) {
		name, value, found := strings.Cut(strings.TrimSpace(line), " ")
		if at := strings.IndexByte(name, '{'); at >= 0 {
			labels := line[at:]
			name, value = line[:at], strings.TrimSpace(line[strings.LastIndexByte(line, '}')+1:])
			if name == "etcd_requests_total" {
				name += "/" + labelOf(labels, "resource") + "/" + labelOf(labels, "operation")
			}
		}
		if number, err := strconv.ParseFloat(value, 64); found && err == nil && name != "#" {
			metrics[name] += number
		}
	}
	return metrics
}

func labelOf(labels, name string) string {
	_, rest, _ := strings.Cut(labels, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// quiet waits until a second passes in which nothing is counted.
func (s *story) quiet(cluster, token string) counts {
	s.Helper()
	before := s.count(cluster, token)
	for range 60 {
		time.Sleep(2 * time.Second)
		now := s.count(cluster, token)
		if now.String() == before.String() {
			return now
		}
		before = now
	}
	s.Fatal("it never becomes quiet")
	return before
}

// What work costs, with a thousand Applications of a monorepo with as many overlays.
func TestWorkCostsWhatChanged(t *testing.T) {
	const applications = 1000
	files := map[string]string{
		"base/config.yaml":        steps.ConfigMap("config", "1"),
		"base/kustomization.yaml": "resources: [config.yaml]\n",
	}
	overlay := func(i int) string { return fmt.Sprintf("overlays/%04d/kustomization.yaml", i) }
	for i := range applications {
		files[overlay(i)] = fmt.Sprintf("resources: [../../base]\nnamePrefix: app-%04d-\n", i)
	}
	s := begin(t, "count", files)
	s.Apply(metricsReader)
	token := s.Kubectl(s.Hub, "create", "token", "metrics", "-n", argocd, "--duration", "1h")
	s.Kubectl(stage.Plane.Kubectl(staging), "create", "namespace", s.Name)
	var manifests []string
	for i := range applications {
		manifests = append(manifests, s.Application(fmt.Sprintf("count-%04d", i), staging, fmt.Sprintf("overlays/%04d", i),
			"{automated: {prune: true, selfHeal: true}}"))
	}
	start := s.quiet(staging, token)
	var creating errgroup.Group // kubectl waits between two objects
	for part := range slices.Chunk(manifests, applications/4) {
		file := writeTemp(t, strings.Join(part, "---\n"))
		creating.Go(func() error {
			_, err := s.Hub.Run(s.Context(), "create", "-f", file)
			return err
		})
	}
	s.OK(creating.Wait())
	allSynced := func(out string) bool { return strings.Count(out, "Synced/Healthy") == applications }
	s.Until(s.Hub, allSynced, "get", "applications", "-n", argocd, "-o",
		`jsonpath={range .items[*]}{.status.sync.status}/{.status.health.status} {end}`)

	settled := s.quiet(staging, token)
	created := settled.since(start)
	t.Logf("creating %d Applications: %s", applications, created)
	// One of the writes is that of the client.
	if created.Requests["patch"] != applications || created.Writes > (1+2)*applications {
		t.Errorf("creating %d Applications cost %s; want one patch and at most 2 own writes each", applications, created)
	}

	shown := s.metrics(token)
	if shown["argocd_app_info"] != applications || shown["argocd_app_sync_status"] != applications {
		t.Errorf("metrics show %v Applications, %v of them with a sync status",
			shown["argocd_app_info"], shown["argocd_app_sync_status"])
	}

	s.Push(map[string]string{"unrelated/file.txt": "nothing"})
	time.Sleep(5 * time.Second)
	if cost := s.quiet(staging, token).since(settled); cost.Writes != 0 || cost.Renders != 0 || len(cost.Requests) != 0 {
		t.Errorf("a commit that touches no Application cost %s", cost)
	}

	s.Push(map[string]string{overlay(7): "resources: [../../base]\nnamePrefix: app-0007-\ncommonAnnotations: {a: b}\n"})
	s.Value(staging, "configmap/app-0007-config", ".metadata.annotations.a", "b")
	now := s.quiet(staging, token)
	one := now.since(settled)
	if one.Renders != 1 || one.Requests["patch"] != 1 || len(one.Requests) != 1 || one.Writes > 2 {
		t.Errorf("a commit that touches one Application cost %s; want 1 render, 1 patch, at most 2 writes", one)
	}

	settled = now
	s.Kubectl(stage.Plane.Kubectl(staging), "label", "configmap", "app-0001-config", "-n", s.Name, "foreign=yes")
	time.Sleep(2 * time.Second)
	if cost := s.quiet(staging, token).since(settled); cost.Writes != 0 || len(cost.Requests) != 0 {
		t.Errorf("a foreign field cost %s", cost)
	}

	s.Kubectl(stage.Plane.Kubectl(staging), "patch", "configmap", "app-0003-config", "-n", s.Name, "-p", `{"data":{"value":"by hand"}}`)
	s.Value(staging, "configmap/app-0003-config", ".data.value", "1")
	now = s.quiet(staging, token)
	healed := now.since(settled)
	if healed.Requests["patch"] != 1 || len(healed.Requests) != 1 || healed.Renders != 0 || healed.Writes > 2 {
		t.Errorf("to heal one drift cost %s; want 1 patch, no render, at most 2 writes", healed)
	}

	settled = now
	s.Push(map[string]string{"base/config.yaml": steps.ConfigMap("config", "2")})
	s.Value(staging, "configmap/app-0999-config", ".data.value", "2")
	now = s.quiet(staging, token)
	all := now.since(settled)
	t.Logf("a commit that touches all %d Applications: %s", applications, all)
	if all.Requests["patch"] != applications || len(all.Requests) != 1 || all.Renders != applications ||
		all.Writes > 2*applications {
		t.Errorf("a commit that touches all %d Applications cost %s; want one patch, one render, at most 2 writes each",
			applications, all)
	}

	settled = now
	s.OK(stage.Capstan.Stop())
	s.OK(stage.Capstan.Start(s.Context()))
	time.Sleep(5 * time.Second)
	restarted := s.quiet(staging, token)
	if patches := restarted.Requests["patch"] - settled.Requests["patch"]; patches != 0 || restarted.Renders != 0 || restarted.Writes != 0 {
		t.Errorf("a restart cost %d patches, %d renders, %d writes", patches, restarted.Renders, restarted.Writes)
	}
	s.Kubectl(stage.Plane.Kubectl(staging), "delete", "configmap", "app-0002-config", "-n", s.Name)
	s.Value(staging, "configmap/app-0002-config", ".data.value", "2")
	s.Kubectl(s.Hub, "delete", "--raw", strings.TrimSuffix(syncPath, "/"))
	s.Until(stage.Plane.Kubectl(staging), plane.Prints(""), "get", "configmaps", "-n", s.Name,
		"-l", "capstan.dev/managed=true", "-o", "name")
	s.Until(s.Hub, plane.Prints(""), "get", "applications", "-n", argocd, "-o", "name")
}
