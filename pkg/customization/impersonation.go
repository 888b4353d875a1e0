// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package customization

// Impersonation says whether syncs write as service accounts of the AppProject.
type Impersonation struct {
	// Enabled is application.sync.impersonation.enabled.
	Enabled bool
	// Enforced is application.sync.impersonation.enforced: where the AppProject names no account, nothing is
	// written.
	Enforced bool
}

func impersonationOf(data map[string]string) Impersonation {
	return Impersonation{
		Enabled:  data["application.sync.impersonation.enabled"] == "true",
		Enforced: data["application.sync.impersonation.enforced"] != "false",
	}
}
