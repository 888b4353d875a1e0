// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"testing"

	"github.com/capstan-dev/capstan/test/harness/steps"
)

// story is one user's story, in namespaces and repositories of its own.
type story struct{ steps.Story }

// begin starts a story with a repository of files.
func begin(t *testing.T, name string, files map[string]string) *story {
	t.Helper()
	return &story{steps.Begin(t, stage, name, files)}
}
