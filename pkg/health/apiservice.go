// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

func apiServiceHealth(f *fields) Health {
	available := f.condition("Available")
	if available == nil {
		return Health{Progressing, "Waiting to be processed"}
	}
	message := available.reason + ": " + available.message
	if available.status == "True" {
		return Health{Healthy, message}
	}
	return Health{Progressing, message}
}
