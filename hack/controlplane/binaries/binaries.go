// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package binaries builds the programs of a control plane from their Go modules and keeps them in a cache.
package binaries

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Module is the content of the go.mod and go.sum files that pin what is built.
type Module struct {
	GoMod, GoSum []byte
}

// Dir is a folder that holds every program.
type Dir string

// Path returns the path of the program of that name.
func (d Dir) Path(name string) string { return filepath.Join(string(d), name) }

// Build returns the folder of the programs and builds them first where they are missing. Progress goes to out.
// Concurrent calls, of other processes too, wait for one another.
func Build(ctx context.Context, module Module, out io.Writer) (Dir, error) {
	root, err := cacheRoot()
	if err != nil {
		return "", err
	}
	return buildIn(ctx, root, module, out)
}

func buildIn(ctx context.Context, root string, module Module, out io.Writer) (Dir, error) {
	key, err := module.key()
	if err != nil {
		return "", err
	}
	dir := Dir(filepath.Join(root, key))
	if dir.complete() {
		return dir, nil
	}
	if err = os.MkdirAll(root, 0o755); err != nil {
		return "", fmt.Errorf("make the cache: %w", err)
	}
	unlock, err := lock(filepath.Join(root, ".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if dir.complete() {
		return dir, nil
	}
	return dir, buildInto(ctx, module, dir, out)
}

func (d Dir) complete() bool {
	for _, p := range programs() {
		if _, err := os.Stat(d.Path(p.name)); err != nil {
			return false
		}
	}
	return true
}

// buildInto builds beside the final folder and renames, so that a folder in the cache is always whole.
func buildInto(ctx context.Context, module Module, dir Dir, out io.Writer) error {
	scratch, err := os.MkdirTemp(filepath.Dir(string(dir)), ".build-")
	if err != nil {
		return fmt.Errorf("make a build folder: %w", err)
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // a scratch folder that stays behind harms nobody.
	source, made := filepath.Join(scratch, "module"), filepath.Join(scratch, "bin")
	if err := module.write(source); err != nil {
		return err
	}
	report(out, "building the programs of a control plane, once, for some minutes", "into %s", dir)
	if err := compile(ctx, source, made, module, out); err != nil {
		return err
	}
	if err := os.RemoveAll(string(dir)); err != nil {
		return fmt.Errorf("replace an incomplete build: %w", err)
	}
	if err := os.Rename(made, string(dir)); err != nil {
		return fmt.Errorf("publish the build: %w", err)
	}
	return nil
}

// key names a build: the version of Kubernetes and a digest of all that decides the programs' content.
func (m Module) key() (string, error) {
	version, err := m.kubernetesVersion()
	if err != nil {
		return "", err
	}
	digest := sha256.New()
	digest.Write(m.GoSum)
	for _, p := range programs() {
		digest.Write(fmt.Appendln(nil, p.name, p.pkg, ldflags(version)))
	}
	return fmt.Sprintf("%s-%x", version, digest.Sum(nil)[:6]), nil
}

func (m Module) kubernetesVersion() (string, error) {
	for line := range strings.Lines(string(m.GoMod)) {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[0] == "k8s.io/kubernetes" && fields[1] != "=>" {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("go.mod does not require k8s.io/kubernetes")
}

func (m Module) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the build's module: %w", err)
	}
	for name, content := range map[string][]byte{"go.mod": m.GoMod, "go.sum": m.GoSum} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return fmt.Errorf("write the build's module: %w", err)
		}
	}
	return nil
}

// cacheRoot is $CAPSTAN_CACHE/controlplane, by default in the user's cache folder.
func cacheRoot() (string, error) {
	if dir := os.Getenv("CAPSTAN_CACHE"); dir != "" {
		absolute, err := filepath.Abs(dir)
		return filepath.Join(absolute, "controlplane"), err
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("set CAPSTAN_CACHE to a folder for the built programs: %w", err)
	}
	return filepath.Join(dir, "capstan", "controlplane"), nil
}

func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the build lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("take the build lock %s: %w", path, err)
	}
	return func() { _ = file.Close() }, nil
}
