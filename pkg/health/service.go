// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

// serviceHealth waits for the address of a load balancer; any other Service is healthy.
func serviceHealth(f *fields) Health {
	if f.text("spec", "type") == "LoadBalancer" {
		return ingressHealth(f)
	}
	return Health{Status: Healthy}
}

// ingressHealth waits for the address that a controller publishes.
func ingressHealth(f *fields) Health {
	if len(f.list("status", "loadBalancer", "ingress")) > 0 {
		return Health{Status: Healthy}
	}
	return Health{Status: Progressing}
}
