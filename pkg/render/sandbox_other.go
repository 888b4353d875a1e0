// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package render

import "runtime/debug"

// isolation is what a worker found closed when it tried.
type isolation struct {
	FileSystem bool `json:"fileSystem"`
	Network    bool `json:"network"`
}

// sandbox is the state of a worker.
type sandbox struct {
	isolation isolation
}

// confine closes nothing: only Linux has a way that needs no privilege.
func confine() sandbox { return sandbox{} }

// limitMemory bounds the memory of the process softly.
func (sandbox) limitMemory(bytes int64) { debug.SetMemoryLimit(bytes / 10 * 8) }
