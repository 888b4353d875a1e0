// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"testing"

	"github.com/capstan-dev/capstan/pkg/health"
)

func TestPod(t *testing.T) {
	t.Parallel()
	object := func(metadata, policy, status string) string {
		return "{apiVersion: v1, kind: Pod, metadata: {name: p" + metadata + "}, spec: {restartPolicy: " + policy +
			"}, status: " + status + "}"
	}
	const (
		ready     = "conditions: [{type: Ready, status: 'True'}]"
		backOff   = "containerStatuses: [{name: a, state: {waiting: {reason: ImagePullBackOff, message: no image}}}]"
		restarted = "containerStatuses: [{name: a, lastState: {terminated: {exitCode: 1}}}]"
		ignored   = ", annotations: {argocd.argoproj.io/ignore-restart-policy: 'true'}"
		hook      = ", annotations: {argocd.argoproj.io/ignore-restart-policy: 'true', argocd.argoproj.io/hook: Sync}"
	)
	rate := func(status health.Status, message string) health.Health {
		return health.Health{Status: status, Message: message}
	}
	runRated(t, map[string]rated{
		"pending is progressing":  {object("", "Always", "{phase: Pending, message: m}"), rate(health.Progressing, "m")},
		"succeeded is healthy":    {object("", "Never", "{phase: Succeeded}"), rate(health.Healthy, "")},
		"lost from view is known": {object("", "Always", "{phase: Unknown}"), rate(health.Unknown, "")},
		"ready is healthy":        {object("", "Always", "{phase: Running, "+ready+"}"), rate(health.Healthy, "")},
		"not ready yet is progressing": {
			object("", "Always", "{phase: Running}"), rate(health.Progressing, ""),
		},
		"not ready after a crash is degraded": {
			object("", "Always", "{phase: Running, "+restarted+"}"), rate(health.Degraded, ""),
		},
		"backing off is degraded": {
			object("", "Always", "{phase: Pending, "+backOff+"}"), rate(health.Degraded, "no image"),
		},
		"that runs once and backs off may be a hook and is progressing": {
			object("", "Never", "{phase: Running, "+backOff+"}"), rate(health.Progressing, ""),
		},
		"that runs once is progressing even when ready": {
			object("", "OnFailure", "{phase: Running, "+ready+"}"), rate(health.Progressing, ""),
		},
		"whose restart policy is ignored is healthy when ready": {
			object(ignored, "Never", "{phase: Running, "+ready+"}"), rate(health.Healthy, ""),
		},
		"whose restart policy is ignored is degraded when backing off": {
			object(ignored, "Never", "{phase: Running, "+backOff+"}"), rate(health.Degraded, "no image"),
		},
		"that is a hook keeps its restart policy": {
			object(hook, "Never", "{phase: Running, "+ready+"}"), rate(health.Progressing, ""),
		},
		"failed with a message tells it": {
			object("", "Never", "{phase: Failed, message: evicted}"), rate(health.Degraded, "evicted"),
		},
		"failed out of memory says so": {
			object("", "Never", "{phase: Failed, containerStatuses: "+
				"[{name: a, state: {terminated: {reason: OOMKilled, exitCode: 137}}}]}"),
			rate(health.Degraded, "OOMKilled"),
		},
		"failed in an init container names it": {
			object("", "Never", "{phase: Failed, initContainerStatuses: "+
				"[{name: prepare, state: {terminated: {exitCode: 3}}}]}"),
			rate(health.Degraded, `container "prepare" failed with exit code 3`),
		},
		"failed for no reason is degraded": {object("", "Never", "{phase: Failed}"), rate(health.Degraded, "")},
	})
}

func TestJob(t *testing.T) {
	t.Parallel()
	object := func(conditions string) string {
		return "{apiVersion: batch/v1, kind: Job, metadata: {name: j}, status: {conditions: " + conditions + "}}"
	}
	runRated(t, map[string]rated{
		"running is progressing": {object("[]"), health.Health{Status: health.Progressing}},
		"complete is healthy": {
			object("[{type: Complete, status: 'True', message: done}]"),
			health.Health{Status: health.Healthy, Message: "done"},
		},
		"failed is degraded, whatever else it says": {
			object("[{type: Failed, status: 'True', message: limit}, {type: Suspended, status: 'True'}]"),
			health.Health{Status: health.Degraded, Message: "limit"},
		},
		"suspended is suspended": {
			object("[{type: Suspended, status: 'True', message: Job suspended}]"),
			health.Health{Status: health.Suspended, Message: "Job suspended"},
		},
		"resumed is healthy": {
			object("[{type: Suspended, status: 'False', message: Job resumed}]"),
			health.Health{Status: health.Healthy, Message: "Job resumed"},
		},
	})
}

func TestServiceAndIngress(t *testing.T) {
	t.Parallel()
	const address = "status: {loadBalancer: {ingress: [{ip: 10.0.0.1}]}}"
	runRated(t, map[string]rated{
		"a Service in the cluster is healthy": {
			"{apiVersion: v1, kind: Service, spec: {type: ClusterIP}}", health.Health{Status: health.Healthy},
		},
		"a load balancer without address is progressing": {
			"{apiVersion: v1, kind: Service, spec: {type: LoadBalancer}}", health.Health{Status: health.Progressing},
		},
		"a load balancer with an address is healthy": {
			"{apiVersion: v1, kind: Service, spec: {type: LoadBalancer}, " + address + "}",
			health.Health{Status: health.Healthy},
		},
		"an Ingress without address is progressing": {
			"{apiVersion: networking.k8s.io/v1, kind: Ingress}", health.Health{Status: health.Progressing},
		},
		"an old Ingress with an address is healthy": {
			"{apiVersion: extensions/v1beta1, kind: Ingress, " + address + "}", health.Health{Status: health.Healthy},
		},
	})
}

func TestPersistentVolumeClaim(t *testing.T) {
	t.Parallel()
	object := func(phase string) string {
		return "{apiVersion: v1, kind: PersistentVolumeClaim, status: {phase: " + phase + "}}"
	}
	runRated(t, map[string]rated{
		"bound is healthy":            {object("Bound"), health.Health{Status: health.Healthy}},
		"pending is progressing":      {object("Pending"), health.Health{Status: health.Progressing}},
		"that lost its volume is bad": {object("Lost"), health.Health{Status: health.Degraded}},
		"without phase is unknown":    {object("''"), health.Health{Status: health.Unknown}},
	})
}
