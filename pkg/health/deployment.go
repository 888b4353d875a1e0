// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import "fmt"

// deploymentHealth rates a rollout as kubectl's rollout status does, and a paused Deployment
// as Suspended.
func deploymentHealth(f *fields) Health {
	if f.flag("spec", "paused") {
		return Health{Suspended, "Deployment is paused"}
	}
	if f.unobserved() {
		return waiting("observed deployment generation less than desired generation")
	}
	progress := f.condition("Progressing")
	if progress != nil && progress.reason == "ProgressDeadlineExceeded" {
		return Health{Degraded, fmt.Sprintf("Deployment %q exceeded its progress deadline", f.text("metadata", "name"))}
	}
	desired, hasDesired := f.optionalNumber("spec", "replicas")
	total, updated := f.number("status", "replicas"), f.number("status", "updatedReplicas")
	available := f.number("status", "availableReplicas")
	switch {
	case hasDesired && updated < desired:
		return waiting("%d out of %d new replicas have been updated...", updated, desired)
	case total > updated:
		return waiting("%d old replicas are pending termination...", total-updated)
	case available < updated:
		return waiting("%d of %d updated replicas are available...", available, updated)
	}
	return Health{Status: Healthy}
}

// waiting is the health of a rollout that still moves.
func waiting(format string, args ...any) Health {
	return Health{Progressing, "Waiting for rollout to finish: " + fmt.Sprintf(format, args...)}
}
