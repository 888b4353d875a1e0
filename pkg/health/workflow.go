// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

// workflowHealth rates an Argo Workflow of any version by its phase.
func workflowHealth(f *fields) Health {
	message := f.text("status", "message")
	switch f.text("status", "phase") {
	case "", "Pending", "Running":
		return Health{Progressing, message}
	case "Succeeded":
		return Health{Healthy, message}
	case "Failed", "Error":
		return Health{Degraded, message}
	}
	return Health{Unknown, message}
}
