// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

// Package process starts and stops the child processes of a control plane.
package process

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Spec says what to run and which file takes its standard output and error.
type Spec struct {
	Name string
	Path string
	Args []string
	Log  string
}

// Process is a running child in a process group of its own.
type Process struct {
	spec     Spec
	pid      int
	done     chan struct{}
	err      error
	stopping atomic.Bool
}

// Start runs the child. The kernel kills it when this process dies, however it dies.
func Start(spec Spec) (*Process, error) {
	log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", spec.Name, err)
	}
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}

	p := &Process{spec: spec, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The death signal is tied to the thread that forks, so that thread has to live as long as the child does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer log.Close() //nolint:errcheck // nothing is lost: the child wrote it, not we.
		startErr := cmd.Start()
		if startErr == nil {
			p.pid = cmd.Process.Pid
		}
		started <- startErr
		if startErr == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	return p, nil
}

// Name returns the name that the Spec gave.
func (p *Process) Name() string { return p.spec.Name }

// PID returns the process id, which is the id of the process group too.
func (p *Process) PID() int { return p.pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Failure returns nil while the child runs or after Stop was called, else an error with the end of its log.
func (p *Process) Failure() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	if p.stopping.Load() {
		return nil
	}
	return fmt.Errorf("%s ended by itself (%w); the end of %s:\n%s", p.spec.Name, exitError(p.err), p.spec.Log, p.tail())
}

// Signal sends a signal to the whole process group.
func (p *Process) Signal(signal syscall.Signal) error {
	if err := syscall.Kill(-p.pid, signal); err != nil {
		return fmt.Errorf("send %s to %s: %w", signal, p.spec.Name, err)
	}
	return nil
}

// Stop ends the child: by SIGTERM, or by SIGKILL once the grace has passed. It returns when the child has ended.
func (p *Process) Stop(grace time.Duration) {
	p.stopping.Store(true)
	select {
	case <-p.done:
		return
	default:
	}
	// A paused child takes no SIGTERM until it is continued. Failing to signal means that it has just ended.
	_ = p.Signal(syscall.SIGTERM)
	_ = p.Signal(syscall.SIGCONT)
	select {
	case <-p.done:
	case <-time.After(grace):
		_ = p.Signal(syscall.SIGKILL)
		<-p.done
	}
}

func (p *Process) tail() string {
	const lines = 15
	content, err := os.ReadFile(p.spec.Log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func exitError(err error) error {
	if err == nil {
		return fmt.Errorf("exit status 0")
	}
	return err
}
