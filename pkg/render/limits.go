// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"time"
)

// Limits bound one render; a zero field means its default.
type Limits struct {
	// Time is how long a render may take (default 60 s).
	Time time.Duration `json:"time"`
	// Memory is how many bytes a worker process may allocate (default 1 GiB).
	Memory int64 `json:"memory"`
	// Requests is how often a render may look at the tree (default 100,000).
	Requests int `json:"requests"`
	// ReadBytes is the sum of the file sizes that a render may read (default 256 MiB).
	ReadBytes int64 `json:"readBytes"`
	// FileBytes is the size of the largest file that is read (default 32 MiB).
	FileBytes int64 `json:"fileBytes"`
	// ManifestBytes is the combined size of the files of a directory source (default
	// 10 MiB, as Argo CD 3.5: --max-combined-directory-manifests-size).
	ManifestBytes int64 `json:"manifestBytes"`
	// OutputBytes is the combined size of the rendered manifests as JSON (default 64 MiB).
	OutputBytes int64 `json:"outputBytes"`
	// Objects is how many objects a source may hold (default 20,000).
	Objects int `json:"objects"`
}

const mebibyte = 1 << 20

func (l Limits) withDefaults() Limits {
	def(&l.Time, 60*time.Second)
	def(&l.Memory, 1024*mebibyte)
	def(&l.Requests, 100_000)
	def(&l.ReadBytes, 256*mebibyte)
	def(&l.FileBytes, 32*mebibyte)
	def(&l.ManifestBytes, 10*mebibyte)
	def(&l.OutputBytes, 64*mebibyte)
	def(&l.Objects, 20_000)
	return l
}

func def[T ~int | ~int64](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// bytesLimit words a limit in bytes.
func bytesLimit(what string, bytes int64) *LimitError {
	if bytes >= mebibyte && bytes%mebibyte == 0 {
		return &LimitError{Limit: what, Value: fmt.Sprintf("%d MiB", bytes/mebibyte)}
	}
	return &LimitError{Limit: what, Value: fmt.Sprintf("%d bytes", bytes)}
}

// countLimit words a limit on a number of things.
func countLimit(what string, count int) *LimitError {
	return &LimitError{Limit: what, Value: fmt.Sprint(count)}
}
