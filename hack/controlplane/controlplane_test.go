// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/capstan-dev/capstan/hack/controlplane/plane"
)

// runAsCommand in the environment makes this test's binary the command itself.
const runAsCommand = "CONTROLPLANE_TEST_RUN_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(runAsCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// user is somebody with a terminal: the command, kubectl and a folder.
type user struct {
	dir string
	bin string
}

func (u user) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, append(args, "--dir", u.dir)...)
	cmd.Env = append(os.Environ(), runAsCommand+"=1")
	return cmd
}

// run runs the command to its end.
func (u user) run(t *testing.T, args ...string) {
	t.Helper()
	if out, err := u.command(t, args...).CombinedOutput(); err != nil {
		t.Fatalf("controlplane %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// up starts clusters and waits for ready.json. They are stopped when the test ends.
func (u *user) up(t *testing.T, flags ...string) (plane.Ready, *exec.Cmd) {
	t.Helper()
	var out bytes.Buffer
	cmd := u.command(t, append([]string{"up"}, flags...)...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // The output says why.
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // It may have ended already.
		<-ended
	})
	for {
		if ready, err := plane.ReadReady(u.dir); err == nil && ready.PID == cmd.Process.Pid {
			t.Logf("%d clusters are ready after %.1f s", len(ready.Clusters), time.Since(begin).Seconds())
			u.bin = ready.Bin
			return ready, cmd
		}
		select {
		case <-ended:
			t.Fatalf("it ended:\n%s", out.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// kubectl returns what kubectl prints, and fails the test where kubectl fails.
func (u user) kubectl(t *testing.T, cluster, stdin string, args ...string) string {
	t.Helper()
	out, err := u.tryKubectl(cluster, stdin, args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (u user) tryKubectl(cluster, stdin string, args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(u.bin, "kubectl"),
		append([]string{"--kubeconfig", plane.Kubeconfig(u.dir, cluster)}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", errors.Join(err, errors.New(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// eventually runs kubectl in the hub until it succeeds and prints that text.
func (u user) eventually(t *testing.T, want string, args ...string) {
	t.Helper()
	var (
		out string
		err error
	)
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if out, err = u.tryKubectl("hub", "", args...); err == nil && out == want {
			return
		}
	}
	t.Fatalf("kubectl %s: want %q, got %q, %v", strings.Join(args, " "), want, out, err)
}

func alive(pid int) bool {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	// A zombie has ended; whoever inherited it has not looked yet.
	return err == nil && !strings.Contains(string(status), ") Z ")
}
