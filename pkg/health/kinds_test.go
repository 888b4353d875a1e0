// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"testing"

	"github.com/capstan-dev/capstan/pkg/health"
)

const cronJob = `
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, generation: 1}
spec: {schedule: "0 3 * * *", suspend: false}
status:
  lastScheduleTime: "2024-01-01T03:00:00Z"
  lastSuccessfulTime: "2024-01-01T03:01:00Z"
`

func TestCommunityScript(t *testing.T) {
	t.Parallel()
	runRated(t, map[string]rated{
		"rates a CronJob by its last run": {
			cronJob, health.Health{Status: health.Healthy, Message: "CronJob has completed its last execution successfully"},
		},
		"rates a kind by the pattern of its group": {
			"{apiVersion: sql.cnrm.cloud.google.com/v1beta1, kind: SQLInstance, status: {conditions: " +
				"[{type: Ready, status: 'True', reason: UpToDate, message: fine}]}}",
			health.Health{Status: health.Healthy, Message: "fine"},
		},
	})
}

func TestHorizontalPodAutoscaler(t *testing.T) {
	t.Parallel()
	object := func(conditions string) string {
		return "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, status: {conditions: " + conditions + "}}"
	}
	v1 := func(annotation string) string {
		return "{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {annotations: " +
			"{autoscaling.alpha.kubernetes.io/conditions: '" + annotation + "'}}}"
	}
	waiting := health.Health{Status: health.Progressing, Message: "Waiting to Autoscale"}
	runRated(t, map[string]rated{
		"without conditions is progressing": {object("[]"), waiting},
		"of v1 without annotation is progressing": {
			"{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler}", waiting,
		},
		"that can scale is healthy": {
			object("[{type: AbleToScale, status: 'True', reason: ReadyForNewScale, message: ok}]"),
			health.Health{Status: health.Healthy, Message: "ok"},
		},
		"that cannot read its metric is degraded, though able to scale": {
			object("[{type: AbleToScale, status: 'True', message: ok}, " +
				"{type: ScalingActive, status: 'False', reason: FailedGetResourceMetric, message: no metric}]"),
			health.Health{Status: health.Degraded, Message: "no metric"},
		},
		"of v1 tells its conditions by annotation": {
			v1(`[{"type":"AbleToScale","status":"False","reason":"FailedGetScale","message":"no target"}]`),
			health.Health{Status: health.Degraded, Message: "no target"},
		},
	})
}

func TestAPIServiceAndWorkflow(t *testing.T) {
	t.Parallel()
	service := func(status string) string {
		return "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, status: {conditions: [{type: Available, " +
			"status: '" + status + "', reason: Passed, message: all checks passed}]}}"
	}
	workflow := func(phase string) string {
		return "{apiVersion: argoproj.io/v1alpha1, kind: Workflow, status: {phase: '" + phase + "', message: m}}"
	}
	runRated(t, map[string]rated{
		"an available APIService is healthy": {
			service("True"), health.Health{Status: health.Healthy, Message: "Passed: all checks passed"},
		},
		"an APIService that is not available is progressing": {
			service("False"), health.Health{Status: health.Progressing, Message: "Passed: all checks passed"},
		},
		"a new APIService is progressing": {
			"{apiVersion: apiregistration.k8s.io/v1beta1, kind: APIService}",
			health.Health{Status: health.Progressing, Message: "Waiting to be processed"},
		},
		"a new Workflow is progressing": {workflow(""), health.Health{Status: health.Progressing, Message: "m"}},
		"a Workflow that ended well":    {workflow("Succeeded"), health.Health{Status: health.Healthy, Message: "m"}},
		"a Workflow that ended badly":   {workflow("Error"), health.Health{Status: health.Degraded, Message: "m"}},
		"a Workflow of a new phase":     {workflow("Dreaming"), health.Health{Status: health.Unknown, Message: "m"}},
	})
}

func TestNewerKinds(t *testing.T) {
	t.Parallel()
	policy := func(generation, conditions string) string {
		return "{apiVersion: microgateway.airlock.com/v1, kind: AccessPolicy, metadata: {generation: " + generation +
			"}, status: {ancestors: [{ancestorRef: {name: gw}, conditions: " + conditions + "}]}}"
	}
	runRated(t, map[string]rated{
		"an Airlock object without status is healthy": {
			"{apiVersion: microgateway.airlock.com/v1, kind: Limits}",
			health.Health{Status: health.Healthy, Message: "Limits is healthy"},
		},
		"an Airlock policy that no gateway took is progressing": {
			"{apiVersion: microgateway.airlock.com/v1, kind: AccessPolicy}",
			health.Health{Status: health.Progressing, Message: "Waiting for AccessPolicy status"},
		},
		"an Airlock policy that a gateway has not seen is progressing": {
			policy("2", "[{type: Accepted, status: 'True', observedGeneration: 1}]"),
			health.Health{Status: health.Progressing, Message: "Waiting for Ancestor gw to update AccessPolicy status"},
		},
		"an Airlock policy that is accepted is healthy": {
			policy("1", "[{type: Accepted, status: 'True', observedGeneration: 1}]"),
			health.Health{Status: health.Healthy, Message: "AccessPolicy is healthy"},
		},
		"an Airlock policy that refers to nothing is degraded": {
			policy("1", "[{type: ResolvedRefs, status: 'False', message: none, observedGeneration: 1}]"),
			health.Health{Status: health.Degraded, Message: "Ancestor gw: none"},
		},
		"a Bundle without its source is degraded": {
			"{apiVersion: trust.cert-manager.io/v1alpha1, kind: Bundle, status: {conditions: " +
				"[{type: Synced, status: 'False', reason: SourceNotFound}]}}",
			health.Health{Status: health.Degraded, Message: "SourceNotFound"},
		},
		"a binding that follows another counts its reports": {
			"{apiVersion: work.karmada.io/v1alpha2, kind: ResourceBinding, spec: {}, status: {aggregatedStatus: " +
				"[{clusterName: a, health: Healthy, applied: true}]}}",
			health.Health{Status: health.Healthy},
		},
	})
}
