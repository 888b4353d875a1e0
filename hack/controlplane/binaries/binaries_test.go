// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// standIn returns a module whose Kubernetes and etcd are tiny programs on this machine that print their version.
func standIn(t *testing.T, version string) Module {
	t.Helper()
	root := t.TempDir()
	source := "package main\n\nimport \"k8s.io/component-base/version\"\n\nfunc main() { print(version.String()) }\n"
	files := map[string]string{
		"kubernetes/go.mod": "module k8s.io/kubernetes\n\ngo 1.26\n",
		"base/go.mod":       "module k8s.io/component-base\n\ngo 1.26\n",
		"base/version/version.go": "package version\n\nvar gitVersion = \"unset\"\n\n" +
			"func String() string { return gitVersion }\n",
		"etcd/go.mod":                                   "module go.etcd.io/etcd/server/v3\n\ngo 1.26\n",
		"etcd/main.go":                                  source,
		"kubernetes/cmd/kubectl/k.go":                   source,
		"kubernetes/cmd/" + APIServer + "/a.go":         source,
		"kubernetes/cmd/" + ControllerManager + "/m.go": source,
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mod := "module standin\n\ngo 1.26\n"
	for name, dir := range map[string]string{
		"k8s.io/kubernetes " + version: "kubernetes", "k8s.io/component-base v0.1.0": "base",
		"go.etcd.io/etcd/server/v3 v3.1.0": "etcd",
	} {
		path, _, _ := strings.Cut(name, " ")
		mod += fmt.Sprintf("\nrequire (\n\t%s\n)\n\nreplace %s => %q\n", name, path, filepath.Join(root, dir))
	}
	return Module{GoMod: []byte(mod), GoSum: []byte{}}
}

func TestBuild(t *testing.T) {
	t.Parallel()

	t.Run("builds every program once, however many ask at the same time", func(t *testing.T) {
		t.Parallel()
		module, root := standIn(t, "v1.2.3"), t.TempDir()
		var (
			out     lockedBuffer
			dirs    [2]Dir
			failure [2]error
			asking  sync.WaitGroup
		)
		for i := range dirs {
			asking.Go(func() { dirs[i], failure[i] = buildIn(t.Context(), root, module, &out) })
		}
		asking.Wait()
		for i := range dirs {
			if failure[i] != nil {
				t.Fatal(failure[i])
			}
		}
		if dirs[0] != dirs[1] {
			t.Errorf("two folders: %s and %s", dirs[0], dirs[1])
		}
		for _, p := range programs() {
			if n := strings.Count(out.String(), p.name+": built in"); n != 1 {
				t.Errorf("%s was built %d times:\n%s", p.name, n, out.String())
			}
			version, err := exec.Command(dirs[0].Path(p.name)).CombinedOutput()
			if err != nil || string(version) != "v1.2.3" {
				t.Errorf("%s says %q, %v", p.name, version, err)
			}
		}
		if left, err := filepath.Glob(filepath.Join(root, ".build-*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})

	t.Run("a program that does not compile fails with the compiler's words and leaves no folder", func(t *testing.T) {
		t.Parallel()
		module, root := standIn(t, "v1.2.3"), t.TempDir()
		module.GoMod = bytes.ReplaceAll(module.GoMod, []byte("k8s.io/component-base"), []byte("example.com/other"))
		_, err := buildIn(t.Context(), root, module, &lockedBuffer{})
		if err == nil || !strings.Contains(err.Error(), "k8s.io/component-base") {
			t.Errorf("got %v", err)
		}
		if made, err := filepath.Glob(filepath.Join(root, "v*")); err != nil || len(made) > 0 {
			t.Errorf("published %v, %v", made, err)
		}
	})
}

func TestKey(t *testing.T) {
	t.Parallel()
	base := Module{GoMod: []byte("require k8s.io/x v1\nrequire (\n\tk8s.io/kubernetes v1.2.3\n)\n"), GoSum: []byte("a")}
	key, err := base.key()
	if err != nil || !strings.HasPrefix(key, "v1.2.3-") {
		t.Fatalf("got %q, %v", key, err)
	}
	for name, other := range map[string]Module{
		"another dependency gives another key": {GoMod: base.GoMod, GoSum: []byte("b")},
		"another version gives another key": {
			GoMod: bytes.ReplaceAll(base.GoMod, []byte("1.2.3"), []byte("1.2.4")), GoSum: base.GoSum,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := other.key(); err != nil || got == key {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	t.Run("a module without Kubernetes has none", func(t *testing.T) {
		t.Parallel()
		if got, err := (Module{}).key(); err == nil {
			t.Errorf("got %q", got)
		}
	})
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
