// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

// stackHealth rates a Pulumi Stack by the first of its conditions that is true.
func stackHealth(f *fields) Health {
	generation, hasGeneration := f.optionalNumber("metadata", "generation")
	observed, hasObserved := f.optionalNumber("status", "observedGeneration")
	if !f.has("status") || hasGeneration != hasObserved || generation != observed {
		return Health{Progressing, "Waiting for the operator to observe the latest spec change"}
	}
	states := map[string]Status{"Stalled": Degraded, "Reconciling": Progressing, "Ready": Healthy}
	for _, found := range f.conditions() {
		if state, known := states[found.kind]; known && found.status == "True" {
			return Health{state, found.message}
		}
	}
	return Health{Progressing, "Waiting for the stack to be reconciled"}
}

// bundleHealth rates a Bundle of cert-manager's trust-manager.
func bundleHealth(f *fields) Health {
	synced := f.condition("Synced")
	switch {
	case synced == nil:
		return Health{Progressing, "Waiting for Bundle to be synced"}
	case synced.status == "True":
		return Health{Healthy, firstText(synced.message, "Bundle is synced")}
	}
	return Health{Degraded, firstText(synced.message, synced.reason, "Bundle is not synced")}
}

// resourceBindingHealth rates Karmada's ResourceBinding by what the member clusters report.
func resourceBindingHealth(f *fields) Health {
	reports := f.list("status", "aggregatedStatus")
	// A binding that follows another one names no clusters; any report of it counts.
	named := f.has("spec", "clusters")
	if len(reports) == 0 || (named && len(f.list("spec", "clusters")) != len(reports)) {
		return Health{Progressing, "Current resource status is insufficient"}
	}
	for _, report := range reports {
		applied, _ := report["applied"].(bool)
		state := f.textIn(report, "health")
		if state == "Unhealthy" || (state == "Unknown" && !applied) {
			return Health{Degraded, "Current resource status is unhealthy"}
		}
	}
	return Health{Status: Healthy}
}

func firstText(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
