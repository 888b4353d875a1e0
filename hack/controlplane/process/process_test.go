// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func shell(t *testing.T, script string) *Process {
	t.Helper()
	p, err := Start(Spec{
		Name: "child",
		Path: "/bin/sh",
		Args: []string{"-c", script},
		Log:  filepath.Join(t.TempDir(), "child.log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(0) })
	return p
}

func waitForLog(t *testing.T, p *Process, text string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if content, err := os.ReadFile(p.spec.Log); err == nil && strings.Contains(string(content), text) {
			return
		}
	}
	t.Fatalf("the child never wrote %q", text)
}

func logSize(t *testing.T, p *Process) int64 {
	t.Helper()
	info, err := os.Stat(p.spec.Log)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestProcess(t *testing.T) {
	t.Parallel()

	t.Run("a child that ends by itself is a failure that shows the end of its log", func(t *testing.T) {
		t.Parallel()
		p := shell(t, "echo the port is taken; exit 3")
		<-p.Done()
		err := p.Failure()
		for _, words := range []string{"the port is taken", "exit status 3"} {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("no %q in %v", words, err)
			}
		}
	})

	t.Run("a child that was stopped is no failure", func(t *testing.T) {
		t.Parallel()
		p := shell(t, "sleep 100")
		if err := p.Failure(); err != nil {
			t.Fatalf("while running: %v", err)
		}
		p.Stop(5 * time.Second)
		if err := p.Failure(); err != nil {
			t.Fatalf("after Stop: %v", err)
		}
	})

	t.Run("a child that ignores SIGTERM is killed with its own children", func(t *testing.T) {
		t.Parallel()
		p := shell(t, "trap '' TERM; (while :; do echo tick; sleep 0.02; done) & wait")
		waitForLog(t, p, "tick")
		p.Stop(50 * time.Millisecond)
		before := logSize(t, p)
		time.Sleep(200 * time.Millisecond)
		if after := logSize(t, p); after != before {
			t.Errorf("a process of the group still writes: %d bytes, then %d", before, after)
		}
	})

	t.Run("a paused child can be stopped without waiting for the grace to end", func(t *testing.T) {
		t.Parallel()
		p := shell(t, "sleep 100")
		if err := p.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		p.Stop(time.Minute)
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("took %s", took)
		}
	})

	t.Run("a program that is not there cannot be started", func(t *testing.T) {
		t.Parallel()
		_, err := Start(Spec{Name: "ghost", Path: "/nonexistent", Log: filepath.Join(t.TempDir(), "log")})
		if err == nil || !strings.Contains(err.Error(), "start ghost") {
			t.Fatalf("got %v", err)
		}
	})
}
