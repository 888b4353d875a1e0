// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Names of the programs.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Kubectl           = "kubectl"
)

const progressInterval = 10 * time.Second

type program struct {
	name, pkg string
}

func programs() []program {
	return []program{
		{Etcd, "go.etcd.io/etcd/server/v3"},
		{Kubectl, "k8s.io/kubernetes/cmd/kubectl"},
		{APIServer, "k8s.io/kubernetes/cmd/kube-apiserver"},
		{ControllerManager, "k8s.io/kubernetes/cmd/kube-controller-manager"},
	}
}

// ldflags stamps the version that the programs report, as Kubernetes' own build does (hack/lib/version.sh).
func ldflags(version string) string {
	const pkg = "k8s.io/component-base/version"
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	flags := []string{"-s", "-w"}
	for _, stamp := range [][2]string{
		{"gitVersion", version}, {"gitMajor", parts[0]}, {"gitMinor", parts[min(1, len(parts)-1)]}, {"gitTreeState", "clean"},
	} {
		flags = append(flags, "-X", pkg+"."+stamp[0]+"="+stamp[1])
	}
	return strings.Join(flags, " ")
}

func compile(ctx context.Context, source, target string, module Module, out io.Writer) error {
	version, err := module.kubernetesVersion()
	if err != nil {
		return err
	}
	for i, p := range programs() {
		label := fmt.Sprintf("[%d/%d] %s", i+1, len(programs()), p.name)
		cmd := exec.CommandContext(ctx, "go", "build", "-v", "-trimpath", "-ldflags", ldflags(version),
			"-o", Dir(target).Path(p.name), p.pkg)
		cmd.Dir = source
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if err := watched(cmd, label, out); err != nil {
			return fmt.Errorf("build %s: %w", p.name, err)
		}
	}
	return nil
}

// watched runs "go build -v", counts the packages that it names and shows the count now and then. Lines that name no
// package are the compiler's messages; they become part of the error.
func watched(cmd *exec.Cmd, label string, out io.Writer) error {
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	packages, messages := 0, []string(nil)
	shown := begin
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		if line := lines.Text(); strings.ContainsAny(line, " \t") {
			messages = append(messages, line)
			continue
		}
		packages++
		if time.Since(shown) > progressInterval {
			shown = time.Now()
			report(out, label, "compiled %d packages, %s", packages, time.Since(begin).Round(time.Second))
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w\n%s", err, strings.Join(messages, "\n"))
	}
	report(out, label, "built in %s", time.Since(begin).Round(100*time.Millisecond))
	return nil
}

// report writes a line of progress; a reader that went away is no reason to stop a build.
func report(out io.Writer, label, format string, args ...any) {
	_, _ = fmt.Fprintf(out, "%s: %s\n", label, fmt.Sprintf(format, args...))
}
