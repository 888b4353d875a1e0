// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"testing"

	"github.com/capstan-dev/capstan/pkg/health"
)

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, generation: 2, labels: {app: web}}
spec: {replicas: 3, template: {spec: {containers: [{name: web, image: nginx}]}}}
status:
  observedGeneration: 2
  replicas: 3
  updatedReplicas: 3
  availableReplicas: 3
  conditions: [{type: Progressing, status: "True", reason: NewReplicaSetAvailable}]
`

func TestDeployment(t *testing.T) {
	t.Parallel()
	object := func(fields string) string {
		return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, generation: 2}, " + fields + "}"
	}
	progressing := func(message string) health.Health {
		return health.Health{Status: health.Progressing, Message: "Waiting for rollout to finish: " + message}
	}
	runRated(t, map[string]rated{
		"rolled out is healthy": {deployment, health.Health{Status: health.Healthy}},
		"paused is suspended": {
			object("spec: {paused: true}"), health.Health{Status: health.Suspended, Message: "Deployment is paused"},
		},
		"not yet observed is progressing": {
			object("status: {observedGeneration: 1}"),
			progressing("observed deployment generation less than desired generation"),
		},
		"past its deadline is degraded": {
			object("status: {observedGeneration: 2, conditions: " +
				"[{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded}]}"),
			health.Health{Status: health.Degraded, Message: `Deployment "web" exceeded its progress deadline`},
		},
		"with too few new pods is progressing": {
			object("spec: {replicas: 3}, status: {observedGeneration: 2, updatedReplicas: 1}"),
			progressing("1 out of 3 new replicas have been updated..."),
		},
		"with old pods left is progressing": {
			object("spec: {replicas: 1}, status: {observedGeneration: 2, replicas: 3, updatedReplicas: 1}"),
			progressing("2 old replicas are pending termination..."),
		},
		"with pods that are not available is progressing": {
			object("spec: {replicas: 2}, " +
				"status: {observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 1}"),
			progressing("1 of 2 updated replicas are available..."),
		},
	})
}

func TestReplicaSet(t *testing.T) {
	t.Parallel()
	object := func(fields string) string {
		return "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web, generation: 2}, " + fields + "}"
	}
	runRated(t, map[string]rated{
		"with its pods available is healthy": {
			object("spec: {replicas: 1}, status: {observedGeneration: 2, availableReplicas: 1}"),
			health.Health{Status: health.Healthy},
		},
		"not yet observed is progressing": {object("status: {observedGeneration: 1}"), health.Health{
			Status:  health.Progressing,
			Message: "Waiting for rollout to finish: observed replica set generation less than desired generation",
		}},
		"without its pods is progressing": {
			object("spec: {replicas: 2}, status: {observedGeneration: 2, availableReplicas: 1}"),
			health.Health{
				Status:  health.Progressing,
				Message: "Waiting for rollout to finish: 1 out of 2 new replicas are available...",
			},
		},
		"that cannot make pods is degraded": {
			object("status: {observedGeneration: 2, conditions: " +
				"[{type: ReplicaFailure, status: 'True', message: over quota}]}"),
			health.Health{Status: health.Degraded, Message: "over quota"},
		},
	})
}

func TestDaemonSet(t *testing.T) {
	t.Parallel()
	object := func(fields string) string {
		return "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: log, generation: 2}, " + fields + "}"
	}
	progressing := func(message string) health.Health {
		return health.Health{Status: health.Progressing, Message: message}
	}
	runRated(t, map[string]rated{
		"on every node is healthy": {
			object("status: {observedGeneration: 2, desiredNumberScheduled: 2, " +
				"updatedNumberScheduled: 2, numberAvailable: 2}"),
			health.Health{Status: health.Healthy},
		},
		"not yet observed is progressing": {
			object("status: {observedGeneration: 1}"),
			progressing("Waiting for rollout to finish: observed daemon set generation less than desired generation"),
		},
		"updated by hand is healthy": {
			object("spec: {updateStrategy: {type: OnDelete}}, status: {observedGeneration: 2, " +
				"desiredNumberScheduled: 2, updatedNumberScheduled: 1}"),
			health.Health{Status: health.Healthy, Message: "daemon set 1 out of 2 new pods have been updated"},
		},
		"with old pods is progressing": {
			object("status: {observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 1}"),
			progressing(`Waiting for daemon set "log" rollout to finish: 1 out of 2 new pods have been updated...`),
		},
		"with pods that are not available is progressing": {
			object("status: {observedGeneration: 2, desiredNumberScheduled: 2, " +
				"updatedNumberScheduled: 2, numberAvailable: 1}"),
			progressing(`Waiting for daemon set "log" rollout to finish: 1 of 2 updated pods are available...`),
		},
	})
}

func TestStatefulSet(t *testing.T) {
	t.Parallel()
	object := func(fields string) string {
		return "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, generation: 2}, " + fields + "}"
	}
	rate := func(status health.Status, message string) health.Health {
		return health.Health{Status: status, Message: message}
	}
	runRated(t, map[string]rated{
		"never observed is progressing": {
			"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}}",
			rate(health.Progressing, "Waiting for statefulset spec update to be observed..."),
		},
		"with pods that are not ready is progressing": {
			object("spec: {replicas: 3}, status: {observedGeneration: 2, readyReplicas: 1}"),
			rate(health.Progressing, "Waiting for 2 pods to be ready..."),
		},
		"before its partition is done is progressing": {
			object("spec: {replicas: 3, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}}, " +
				"status: {observedGeneration: 2, readyReplicas: 3, updatedReplicas: 1}"),
			rate(health.Progressing,
				"Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated..."),
		},
		"with its partition done is healthy": {
			object("spec: {replicas: 3, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}}, " +
				"status: {observedGeneration: 2, readyReplicas: 3, updatedReplicas: 2}"),
			rate(health.Healthy, "partitioned roll out complete: 2 new pods have been updated..."),
		},
		"updated by hand is healthy": {
			object("spec: {replicas: 1, updateStrategy: {type: OnDelete}}, " +
				"status: {observedGeneration: 2, readyReplicas: 1, updateRevision: b, currentRevision: a}"),
			rate(health.Healthy, "statefulset has 1 ready pods"),
		},
		"between two revisions is progressing": {
			object("spec: {replicas: 1}, status: {observedGeneration: 2, readyReplicas: 1, updatedReplicas: 1, " +
				"updateRevision: b, currentRevision: a}"),
			rate(health.Progressing, "waiting for statefulset rolling update to complete 1 pods at revision b..."),
		},
		"at one revision is healthy": {
			object("spec: {replicas: 1}, status: {observedGeneration: 2, readyReplicas: 1, currentReplicas: 1, " +
				"updateRevision: b, currentRevision: b}"),
			rate(health.Healthy, "statefulset rolling update complete 1 pods at revision b..."),
		},
	})
}
