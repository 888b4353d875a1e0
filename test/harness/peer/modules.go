// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// module is a Go module that a peer publishes, and the folder whose go.mod pins its version.
type module struct{ path, pinnedIn string }

// modules returns the modules of Argo CD and of Argo Rollouts. Both hold more than Go: CustomResourceDefinitions,
// examples and documentation.
func modules() []module {
	return []module{
		{path: "github.com/argoproj/argo-cd/v3", pinnedIn: "."},
		{path: "github.com/argoproj/argo-rollouts", pinnedIn: "hack/peer"},
	}
}

// Modules returns the folders that hold what the peers publish.
func Modules(t testing.TB) []string {
	t.Helper()
	var dirs []string
	for _, m := range modules() {
		dirs = append(dirs, m.dir(t))
	}
	return dirs
}

// dir downloads the module where the module cache does not hold it.
func (m module) dir(t testing.TB) string {
	t.Helper()
	download := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", m.path)
	download.Dir = filepath.Join("..", "..", m.pinnedIn)
	out, err := download.Output()
	var found struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(out, &found)
	}
	if err != nil {
		t.Fatalf("download %s: %v\n%s", m.path, err, out)
	}
	return found.Dir
}
