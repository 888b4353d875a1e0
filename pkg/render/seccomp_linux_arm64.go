// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import "golang.org/x/sys/unix"

const auditArchitecture = unix.AUDIT_ARCH_AARCH64

// legacyCalls are the older forms of forbidden calls that this architecture has.
func legacyCalls() []uint32 { return []uint32{unix.SYS_RENAMEAT} }
