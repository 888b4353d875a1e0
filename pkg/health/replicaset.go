// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

func replicaSetHealth(f *fields) Health {
	if f.unobserved() {
		return waiting("observed replica set generation less than desired generation")
	}
	if failure := f.condition("ReplicaFailure"); failure != nil && failure.status == "True" {
		return Health{Degraded, failure.message}
	}
	available := f.number("status", "availableReplicas")
	if desired, found := f.optionalNumber("spec", "replicas"); found && available < desired {
		return waiting("%d out of %d new replicas are available...", available, desired)
	}
	return Health{Status: Healthy}
}
