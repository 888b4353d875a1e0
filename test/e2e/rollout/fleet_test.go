// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"strings"
	"testing"

	"github.com/capstan-dev/capstan/test/harness/plane"
)

// east is a cluster that is registered, and in which nothing is installed.
const east = "east"

// in gives what a manifest describes the cluster east.
func (s *story) in(manifest string) string {
	return strings.Replace(manifest, "namespace: "+s.namespace+"}",
		"namespace: "+s.namespace+", annotations: {capstan.dev/cluster: "+east+"}}", 1)
}

func TestARolloutGoesStepByStepInAnotherCluster(t *testing.T) {
	t.Parallel()
	s := begin(t, "fleet")
	there := &story{Steps: s.Steps, namespace: s.namespace, hub: stage.Plane.Kubectl(east)}
	s.Kubectl(there.hub, "create", "namespace", s.namespace)
	there.apply(s.service("stable") + s.service("canary"))
	const strategy = `canary: {canaryService: canary, stableService: stable, steps: [{setWeight: 50}, {pause: {}},
  {analysis: {templates: [{templateName: smoke}], args: [{name: revision, valueFrom: {podTemplateHashValue: Latest}}]}},
  {pause: {}}]}`
	s.apply(s.in(s.smoke(false)))
	s.apply(s.in(s.rollout("v1", 4, strategy)))
	s.at("Healthy", 4)
	s.apply(s.in(s.rollout("v2", 4, strategy)))
	s.at("Paused", 1)
	there.pods("v2", 2)
	there.pods("v1", 2)
	there.selected("canary", "2")
	there.selected("stable", "1")
	sets := func() string {
		return s.Kubectl(there.hub, "get", "replicasets", "-n", s.namespace, "-o",
			"jsonpath={range .items[*]}{.metadata.uid}={.spec.replicas} {end}")
	}
	before := sets()
	if owners := s.Kubectl(there.hub, "get", "replicasets", "-n", s.namespace, "-o",
		"jsonpath={.items[*].metadata.ownerReferences}"); owners != "" {
		t.Errorf("an owner in another cluster is named: %s", owners)
	}

	// Its cluster hangs, and somebody goes on nevertheless.
	s.OK(stage.Plane.PauseCluster(s.Context(), east))
	s.patch(`{"pauseConditions":null}`)
	s.until(`{.status.conditions[?(@.type=="ClusterUnreachable")].status}`, "True")
	if got := s.get("{.status.currentStepIndex} {.status.stableRS}"); !strings.HasPrefix(got, "1 ") {
		t.Errorf("without its cluster the Rollout is at %q", got)
	}
	s.OK(stage.Plane.ResumeCluster(s.Context(), east))
	s.at("Paused", 3)
	s.until(`{.status.conditions[?(@.type=="ClusterUnreachable")].status}`, "")
	if now := sets(); now != before {
		t.Errorf("ReplicaSets are %q, want %q", now, before)
	}
	s.patch(`{"pauseConditions":null}`)
	s.at("Healthy", 4)
	there.pods("v2", 4)
	there.pods("v1", 0)

	if here := s.Kubectl(s.hub, "get", "replicasets,pods,jobs", "-n", s.namespace, "-o", "name"); here != "" {
		t.Errorf("beside the Rollout runs %s", here)
	}
	s.Kubectl(s.hub, "delete", "rollout", "guestbook", "-n", s.namespace)
	s.Until(there.hub, plane.Prints(""), "get", "replicasets,pods,jobs", "-n", s.namespace, "-o", "name")
}

// What routers make for a canary in another cluster lasts there, and goes with the Rollout.
func TestRoutersMakeTheirObjectsInAnotherCluster(t *testing.T) {
	s := begin(t, "fleet-routed")
	there := &story{Steps: s.Steps, namespace: s.namespace, hub: stage.Plane.Kubectl(east)}
	installApisix(&s.Steps, there.hub)
	s.Kubectl(there.hub, "create", "namespace", s.namespace)
	there.apply(s.service("stable") + s.service("canary") + strings.ReplaceAll(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: NAMESPACE}
spec:
  rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix,
    backend: {service: {name: stable, port: {number: 80}}}}]}}]
---
apiVersion: apisix.apache.org/v2
kind: ApisixRoute
metadata: {name: web, namespace: NAMESPACE}
spec:
  http:
  - {name: web, match: {paths: [/*]}, backends: [{serviceName: stable, servicePort: 80, weight: 100}, {serviceName: canary, servicePort: 80, weight: 0}]}
`, "NAMESPACE", s.namespace))
	const strategy = `canary: {canaryService: canary, stableService: stable,
  trafficRouting: {managedRoutes: [{name: head}], nginx: {stableIngress: web}, apisix: {route: {name: web}}},
  steps: [{setWeight: 20}, {setHeaderRoute: {name: head, match: [{headerName: x-beta, headerValue: {exact: "1"}}]}}, {pause: {}}]}`
	s.apply(s.in(s.rollout("v1", 2, strategy)))
	s.at("Healthy", 3)
	s.apply(s.in(s.rollout("v2", 2, strategy)))
	s.at("Paused", 2)
	uid := s.get("{.metadata.uid}")
	made := func(object, weight, want string) {
		t.Helper()
		s.Until(there.hub, plane.Prints(want+" "+uid), "get", object, "-n", s.namespace, "-o",
			"jsonpath="+weight+` {.metadata.labels.capstan\.dev/rollout-uid} {.metadata.ownerReferences}`)
	}
	made("ingress/guestbook-web-canary", `{.metadata.annotations.nginx\.ingress\.kubernetes\.io/canary-weight}`, "20")
	made("apisixroute/head", "{.spec.http[0].backends[0].weight}", "100")
	s.Kubectl(s.hub, "delete", "rollout", "guestbook", "-n", s.namespace)
	s.Until(there.hub, plane.Prints("ingress.networking.k8s.io/web\napisixroute.apisix.apache.org/web"),
		"get", "replicasets,ingresses,apisixroutes", "-n", s.namespace, "-o", "name")
}

func TestExperimentsRunInAnotherCluster(t *testing.T) {
	s := begin(t, "fleet-tried")
	there := &story{Steps: s.Steps, namespace: s.namespace, hub: stage.Plane.Kubectl(east)}
	s.Kubectl(there.hub, "create", "namespace", s.namespace)
	s.apply(s.in(s.smoke(false)))
	s.apply(s.in(s.experiment("alone")))
	s.Until(s.hub, plane.Prints("Successful"), "get", "experiment", "alone", "-n", s.namespace, "-o", "jsonpath={.status.phase}")
	s.Until(there.hub, plane.Prints("0"), "get", "replicaset", "alone-new", "-n", s.namespace, "-o", "jsonpath={.spec.replicas}")
	s.Until(there.hub, plane.Prints(""), "get", "services", "-n", s.namespace, "-o", "name")

	const strategy = `canary: {steps: [{setWeight: 50}, {experiment: {
  templates: [{name: old, specRef: stable}, {name: new, specRef: canary}],
  analyses: [{name: smoke, templateName: smoke, requiredForCompletion: true,
    args: [{name: revision, valueFrom: {podTemplateHashValue: Latest}}]}]}}]}`
	s.apply(s.in(s.rollout("v1", 2, strategy)))
	s.at("Healthy", 2)
	s.apply(s.in(s.rollout("v2", 2, strategy)))
	s.at("Healthy", 2)
	if jobs := s.Kubectl(there.hub, "get", "jobs", "-n", s.namespace, "-o", "name"); strings.Count(jobs, "job.batch/") != 2 {
		t.Errorf("the analyses have run the Jobs %q there, want one of each Experiment", jobs)
	}
	if here := s.Kubectl(s.hub, "get", "replicasets,pods,jobs,services", "-n", s.namespace, "-o", "name"); here != "" {
		t.Errorf("beside the Experiments runs %s", here)
	}
	s.Kubectl(s.hub, "delete", "rollout/guestbook", "experiment/alone", "-n", s.namespace)
	s.Until(there.hub, plane.Prints(""), "get", "replicasets,pods,jobs,services", "-n", s.namespace, "-o", "name")
	s.Until(s.hub, plane.Prints(""), "get", "experiments,analysisruns", "-n", s.namespace, "-o", "name")
}
