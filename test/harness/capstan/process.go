// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package capstan

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// process is a program that runs; it ends with this process at the latest.
type process struct {
	command *exec.Cmd
	ended   chan error
}

// launch runs a program whose output is added to a log.
func launch(binary, logFile string, args ...string) (*process, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", filepath.Base(binary), err)
	}
	p := &process{command: exec.Command(binary, args...), ended: make(chan error, 1)}
	p.command.Stdout, p.command.Stderr = log, log
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", filepath.Base(binary), err), log.Close())
	}
	go func() { p.ended <- errors.Join(p.command.Wait(), log.Close()) }()
	return p, nil
}

// failure reports whether the process ended by itself, and how.
func (p *process) failure() (bool, error) {
	select {
	case ended := <-p.ended:
		p.ended <- ended
		return true, ended
	default:
		return false, nil
	}
}

// end sends a signal that ends the process and returns when it has ended.
func (p *process) end(signal syscall.Signal) error {
	name := filepath.Base(p.command.Path)
	if err := p.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", name, err)
	}
	var exit *exec.ExitError
	ended := <-p.ended
	p.ended <- ended
	if ended != nil && !errors.As(ended, &exit) {
		return fmt.Errorf("end %s: %w", name, ended)
	}
	return nil
}
