// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import "strings"

// ackHealth rates the kinds of AWS Controllers for Kubernetes by their first decisive condition.
func ackHealth(f *fields) Health {
	for _, found := range f.conditions() {
		switch {
		case found.kind == "ACK.Terminal" && found.status == "True":
			return Health{Degraded, found.message}
		case found.kind == "Ready" && found.status == "False":
			return Health{Progressing, found.message}
		case found.kind == "Ready" && found.status == "True":
			return Health{Status: Healthy}
		}
	}
	return Health{Progressing, "Waiting for resource to be ready"}
}

// eksHealth rates Cluster API's AWSManagedControlPlane.
func eksHealth(f *fields) Health {
	if f.objectIn(f.object, "status") == nil {
		return Health{Progressing, "Provisioning..."}
	}
	// The provider records the generation only after a reconcile without error, so until then
	// the rest of the status, a terminal failure included, speaks of an older spec.
	generation, hasGeneration := f.optionalNumber("metadata", "generation")
	observed, hasObserved := f.optionalNumber("status", "observedGeneration")
	if hasGeneration && hasObserved && generation != observed {
		return Health{Progressing, "Waiting for the control plane spec to be reconciled"}
	}
	if failure := f.text("status", "failureMessage"); failure != "" {
		return Health{Degraded, failure}
	}
	if !f.has("status", "conditions") {
		return Health{Progressing, "Provisioning..."}
	}
	// A control plane stays ready while it is updated in place.
	if updating := f.withStatus("EKSControlPlaneUpdating", "True"); updating {
		return Health{Progressing, "EKS control plane is updating"}
	}
	return eksReadiness(f)
}

func eksReadiness(f *fields) Health {
	if f.withStatus("Ready", "True") {
		return Health{Healthy, "Control plane is ready"}
	}
	var failures strings.Builder
	failed := false
	for _, entry := range f.list("status", "conditions") {
		if f.textIn(entry, "status") == "False" && f.textIn(entry, "severity") == "Error" {
			failed = true
			failures.WriteString(f.textIn(entry, "message") + " ")
		}
	}
	switch {
	case failed:
		return Health{Degraded, failures.String()}
	case f.has("status", "ready") && !f.flag("status", "ready"):
		return Health{Progressing, "Control plane is not ready (.status.ready is false)"}
	}
	return Health{Progressing, "Control plane is not ready"}
}
