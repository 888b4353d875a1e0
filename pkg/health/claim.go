// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

// claimHealth rates a PersistentVolumeClaim by its phase.
func claimHealth(f *fields) Health {
	switch f.text("status", "phase") {
	case "Bound":
		return Health{Status: Healthy}
	case "Pending":
		return Health{Status: Progressing}
	case "Lost":
		return Health{Status: Degraded}
	}
	return Health{Status: Unknown}
}
