// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import "fmt"

func daemonSetHealth(f *fields) Health {
	if f.unobserved() {
		return waiting("observed daemon set generation less than desired generation")
	}
	desired := f.number("status", "desiredNumberScheduled")
	updated := f.number("status", "updatedNumberScheduled")
	available := f.number("status", "numberAvailable")
	// Pods of an OnDelete set are replaced when someone deletes them, which may be never.
	if f.text("spec", "updateStrategy", "type") == "OnDelete" {
		return Health{Healthy, fmt.Sprintf("daemon set %d out of %d new pods have been updated", updated, desired)}
	}
	name := f.text("metadata", "name")
	switch {
	case updated < desired:
		return Health{Progressing, fmt.Sprintf(
			"Waiting for daemon set %q rollout to finish: %d out of %d new pods have been updated...",
			name, updated, desired)}
	case available < desired:
		return Health{Progressing, fmt.Sprintf(
			"Waiting for daemon set %q rollout to finish: %d of %d updated pods are available...",
			name, available, desired)}
	}
	return Health{Status: Healthy}
}
