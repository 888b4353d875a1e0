// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux && !amd64 && !arm64

package render

const auditArchitecture = 0

// legacyCalls is empty: the filter is not used on this architecture.
func legacyCalls() []uint32 { return nil }
