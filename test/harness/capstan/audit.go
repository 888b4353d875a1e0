// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package capstan

import (
	"os"
	"path/filepath"
)

// auditPolicy leaves out what the reconcilers ask over the loopback, and the bodies of lists, which
// repeat what single requests show.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, users: ["system:apiserver"]}
- {level: Metadata, verbs: [list, watch]}
- {level: RequestResponse}
`

// AuditLog is where the server writes requests down, one event a line.
func (s *Server) AuditLog() string { return filepath.Join(s.options.Dir, "audit.log") }

func (s *Server) auditPolicyFile() string { return filepath.Join(s.options.Dir, "audit-policy.yaml") }

func (s *Server) writeAuditPolicy() error {
	return os.WriteFile(s.auditPolicyFile(), []byte(auditPolicy), 0o600)
}

// auditFlags have the log written before a request is answered, as a blocking backend does.
func (s *Server) auditFlags() []string {
	if !s.options.Audit {
		return nil
	}
	return []string{"--audit-policy-file", s.auditPolicyFile(), "--audit-log-path", s.AuditLog(),
		"--audit-log-maxsize", "4096"}
}
