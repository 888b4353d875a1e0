// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import "fmt"

func statefulSetHealth(f *fields) Health {
	if f.number("status", "observedGeneration") == 0 || f.unobserved() {
		return Health{Progressing, "Waiting for statefulset spec update to be observed..."}
	}
	desired, hasDesired := f.optionalNumber("spec", "replicas")
	ready := f.number("status", "readyReplicas")
	if hasDesired && ready < desired {
		return Health{Progressing, fmt.Sprintf("Waiting for %d pods to be ready...", desired-ready)}
	}
	switch strategy := f.text("spec", "updateStrategy", "type"); {
	case strategy == "OnDelete":
		return Health{Healthy, fmt.Sprintf("statefulset has %d ready pods", ready)}
	case strategy == "RollingUpdate" && f.objectIn(f.object, "spec", "updateStrategy", "rollingUpdate") != nil:
		return partitionHealth(f, desired, hasDesired)
	}
	return revisionHealth(f)
}

// partitionHealth rates a set that updates only the pods at and above a partition.
func partitionHealth(f *fields, desired int64, hasDesired bool) Health {
	updated := f.number("status", "updatedReplicas")
	partition, found := f.optionalNumber("spec", "updateStrategy", "rollingUpdate", "partition")
	if found && hasDesired && updated < desired-partition {
		return Health{Progressing, fmt.Sprintf(
			"Waiting for partitioned roll out to finish: %d out of %d new pods have been updated...",
			updated, desired-partition)}
	}
	return Health{Healthy, fmt.Sprintf("partitioned roll out complete: %d new pods have been updated...", updated)}
}

// revisionHealth rates a set that updates all its pods, by the revisions that it reports.
func revisionHealth(f *fields) Health {
	current, update := f.text("status", "currentRevision"), f.text("status", "updateRevision")
	if current != update {
		return Health{Progressing, fmt.Sprintf(
			"waiting for statefulset rolling update to complete %d pods at revision %s...",
			f.number("status", "updatedReplicas"), update)}
	}
	return Health{Healthy, fmt.Sprintf("statefulset rolling update complete %d pods at revision %s...",
		f.number("status", "currentReplicas"), current)}
}
